"""Documents into the database and to the index, on both kinds."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from bot.answering.knowledge_lookup import servable_sections
from bot.db.base import now
from bot.db.engine import Database
from bot.db.source_tables import Document, DocumentVersion, SourceSection
from bot.doctor.storage import check_knowledge
from bot.errors import ConflictError, InvalidInputError
from bot.knowledge.index_feed import current_revision, load_changes
from bot.settings import Settings
from bot.sources import importing
from bot.sources.schemas import DocumentPatch
from bot.sources.service import change_document
from retrieval.records import SectionRecord
from tests.bot.imports.importing import bring_in, counts, knowledge_of, take_out

DELIVERY = """---
url: https://shop.example/help/delivery
---
# Delivery

We deliver within two days.

## How much is it?

Five euros, and nothing from fifty euros on.

## Abroad

We deliver to Austria and Switzerland.
"""
CHANGED = DELIVERY.replace("Five euros", "Six euros")
RETURNS = (
    "<html><title>Returns | Shop</title><nav><a>Home</a></nav><main><h1>Returns</h1><p>Within 30 days.</main>"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "help"
    place.mkdir()
    (place / "delivery.md").write_text(DELIVERY, encoding="utf-8")
    (place / "returns.html").write_text(RETURNS, encoding="utf-8")
    (place / "logo.png").write_bytes(b"\x89PNG")
    return place


async def sections(database: Database) -> dict[str, SectionRecord]:
    """Usable sections by their heading."""
    return {section.heading: section for section in (await knowledge_of(database)).sections}


async def documents(database: Database) -> dict[str, Document]:
    async with database.read() as session:
        return {document.key: document for document in (await session.execute(select(Document))).scalars()}


async def rows_of(database: Database, table: type) -> int:
    async with database.read() as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


async def revision(database: Database) -> int:
    async with database.read() as session:
        return await current_revision(session)


async def test_folder_of_documents_is_recognised_split_and_searchable(
    database: Database, settings: Settings, folder: Path
) -> None:
    report = await bring_in(database, settings, folder)

    assert counts(report) == {"new": 2}
    assert (report.format, report.rejected, report.languages) == ("documents", [], {"en": 2})
    found = await sections(database)
    assert {heading: section.text for heading, section in found.items()} == {
        "Delivery": "We deliver within two days.",
        "Delivery › How much is it?": "Five euros, and nothing from fifty euros on.",
        "Delivery › Abroad": "We deliver to Austria and Switzerland.",
        "Returns": "Within 30 days.",
    }
    stored = await documents(database)
    assert {key: (document.title, document.url, document.state) for key, document in stored.items()} == {
        "help/delivery.md": ("Delivery", "https://shop.example/help/delivery", "approved"),
        "help/returns.html": ("Returns", None, "approved"),
    }
    assert found["Delivery"].document_id == stored["help/delivery.md"].id
    async with database.read() as session:
        assert len((await load_changes(session, since=0)).upsert.sections) == 4


async def test_second_import_adds_nothing(database: Database, settings: Settings, folder: Path) -> None:
    await bring_in(database, settings, folder)
    before = await revision(database)

    report = await bring_in(database, settings, folder)

    assert (counts(report), report.batch_id) == ({"unchanged": 2}, None)
    assert await revision(database) == before


async def test_dry_run_reports_and_writes_nothing(
    database: Database, settings: Settings, folder: Path
) -> None:
    report = await bring_in(database, settings, folder, dry_run=True)

    assert (counts(report), report.batch_id) == ({"new": 2}, None)
    assert await documents(database) == {}


async def test_changed_document_changes_its_own_section_only(
    database: Database, settings: Settings, folder: Path
) -> None:
    await bring_in(database, settings, folder)
    before, since = await sections(database), await revision(database)
    (folder / "delivery.md").write_text(CHANGED, encoding="utf-8")

    report = await bring_in(database, settings, folder)

    assert counts(report) == {"changed": 1, "unchanged": 1}
    after = await sections(database)
    assert after.keys() == before.keys()
    changed = [heading for heading in after if after[heading] != before[heading]]
    assert changed == ["Delivery › How much is it?"]
    async with database.read() as session:
        changes = await load_changes(session, since=since)
    assert [section.text for section in changes.upsert.sections] == [
        "Six euros, and nothing from fifty euros on."
    ]
    assert changes.removed_sections == [before["Delivery › How much is it?"].number]
    assert after[changed[0]].number not in {section.number for section in before.values()}


async def test_section_that_comes_back_has_its_old_number(
    database: Database, settings: Settings, folder: Path
) -> None:
    await bring_in(database, settings, folder)
    before = await sections(database)
    (folder / "delivery.md").write_text(CHANGED, encoding="utf-8")
    await bring_in(database, settings, folder)
    (folder / "delivery.md").write_text(DELIVERY, encoding="utf-8")

    await bring_in(database, settings, folder)

    assert await sections(database) == before
    assert await rows_of(database, SourceSection) == 5
    assert await rows_of(database, DocumentVersion) == 4


async def test_new_title_is_told_of_all_sections(
    database: Database, settings: Settings, folder: Path
) -> None:
    await bring_in(database, settings, folder)
    since = await revision(database)
    (folder / "delivery.md").write_text(DELIVERY.replace("# Delivery\n", "# Shipping\n"), encoding="utf-8")

    await bring_in(database, settings, folder)

    async with database.read() as session:
        changes = await load_changes(session, since=since)
    assert {section.heading for section in changes.upsert.sections} == {
        "Shipping", "Shipping › How much is it?", "Shipping › Abroad",
    }  # fmt: skip
    assert changes.removed_sections == []


async def test_drafts_are_not_searched_until_they_are_approved(
    database: Database, settings: Settings, folder: Path
) -> None:
    await bring_in(database, settings, folder, approve=False)

    assert await sections(database) == {}
    assert {document.state for document in (await documents(database)).values()} == {"draft"}

    report = await bring_in(database, settings, folder)

    assert counts(report) == {"unchanged": 2}
    assert report.batch_id is not None
    assert len(await sections(database)) == 4


async def test_change_without_approval_waits_beside_what_stands(
    database: Database, settings: Settings, folder: Path
) -> None:
    await bring_in(database, settings, folder)
    before = await sections(database)
    (folder / "delivery.md").write_text(CHANGED, encoding="utf-8")

    report = await bring_in(database, settings, folder, approve=False)

    assert counts(report) == {"changed": 1, "unchanged": 1}
    assert await sections(database) == before
    waiting = (await documents(database))["help/delivery.md"]
    assert (waiting.version, waiting.pending, waiting.state) == (1, 2, "approved")

    again = await bring_in(database, settings, folder, approve=False)
    assert (counts(again), again.batch_id) == ({"unchanged": 2}, None)

    await bring_in(database, settings, folder)
    assert "Six euros" in (await sections(database))["Delivery › How much is it?"].text
    standing = (await documents(database))["help/delivery.md"]
    assert (standing.version, standing.pending) == (3, None)


async def test_undo_retires_what_was_new_and_restores_what_was_changed(
    database: Database, settings: Settings, folder: Path
) -> None:
    first = await bring_in(database, settings, folder)
    before = await sections(database)
    (folder / "delivery.md").write_text(CHANGED, encoding="utf-8")
    (folder / "contact.txt").write_text("Contact\n\nWrite to us, we answer within a day.", encoding="utf-8")
    second = await bring_in(database, settings, folder)

    undone = await take_out(database, second.batch_id)

    assert (undone.documents, undone.documents_restored, undone.documents_kept) == (1, 1, 0)
    assert await sections(database) == before
    assert (await documents(database))["help/contact.txt"].state == "retired"

    again = await bring_in(database, settings, folder)
    assert counts(again) == {"new": 1, "changed": 1, "unchanged": 1}
    undone = await take_out(database, first.batch_id)
    assert (undone.documents, undone.documents_restored, undone.documents_kept) == (1, 0, 1)
    with pytest.raises(ConflictError):
        await take_out(database, first.batch_id)


async def test_undo_of_a_waiting_change_drops_it(
    database: Database, settings: Settings, folder: Path
) -> None:
    await bring_in(database, settings, folder)
    (folder / "delivery.md").write_text(CHANGED, encoding="utf-8")
    waiting = await bring_in(database, settings, folder, approve=False)

    undone = await take_out(database, waiting.batch_id)

    assert (undone.documents, undone.documents_restored) == (0, 1)
    assert (await documents(database))["help/delivery.md"].pending is None


async def test_imports_are_undone_one_after_the_other(
    database: Database, settings: Settings, folder: Path
) -> None:
    first = await bring_in(database, settings, folder)
    (folder / "delivery.md").write_text(CHANGED, encoding="utf-8")
    second = await bring_in(database, settings, folder)

    await take_out(database, second.batch_id)
    undone = await take_out(database, first.batch_id)

    assert (undone.documents, undone.documents_restored, undone.documents_kept) == (2, 0, 0)
    assert await sections(database) == {}


async def test_waiting_change_is_dropped_although_dates_were_set_since(
    database: Database, settings: Settings, folder: Path
) -> None:
    await bring_in(database, settings, folder)
    (folder / "delivery.md").write_text(CHANGED, encoding="utf-8")
    waiting = await bring_in(database, settings, folder, approve=False)
    document_id = (await documents(database))["help/delivery.md"].id
    async with database.write() as session:
        patch = DocumentPatch(valid_until=now() + timedelta(days=1))
        await change_document(session, document_id, patch, changed_by="test")

    undone = await take_out(database, waiting.batch_id)

    assert (undone.documents_restored, undone.documents_kept) == (1, 0)
    standing = (await documents(database))["help/delivery.md"]
    assert (standing.pending, standing.version, standing.state) == (None, 3, "approved")


async def test_undo_passes_over_a_change_that_never_stood(
    database: Database, settings: Settings, folder: Path
) -> None:
    await bring_in(database, settings, folder)
    before = await sections(database)
    (folder / "delivery.md").write_text(DELIVERY.replace("two days", "nine days"), encoding="utf-8")
    await bring_in(database, settings, folder, approve=False)
    (folder / "delivery.md").write_text(CHANGED, encoding="utf-8")
    approved = await bring_in(database, settings, folder)

    await take_out(database, approved.batch_id)

    assert await sections(database) == before


async def test_broken_file_is_rejected_with_its_name_and_the_others_go_in(
    database: Database, settings: Settings, folder: Path
) -> None:
    (folder / "broken.md").write_bytes(b"# Caf\xe9\n\nText\n")
    (folder / "empty.txt").write_text("  \n")
    (folder / "nested.html").write_text("<div>" * 500 + "text")

    report = await bring_in(database, settings, folder)

    assert counts(report) == {"new": 2}
    reasons = [line.reason for line in report.rejected]
    assert [reason.split(":")[0] for reason in reasons] == [
        "help/broken.md", "help/empty.txt", "help/nested.html",
    ]  # fmt: skip
    assert "0xe9" in reasons[0]
    assert "holds no text" in reasons[1]
    assert "nested" in reasons[2]


async def test_import_that_fails_halfway_leaves_nothing(
    database: Database, settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bring_in(database, settings, folder)
    before, stood = await sections(database), await revision(database)
    (folder / "delivery.md").write_text(CHANGED, encoding="utf-8")
    (folder / "contact.txt").write_text("Contact\n\nWrite to us.", encoding="utf-8")

    async def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(importing, "take_document", fail)
        with pytest.raises(OSError, match="disk is full"):
            await bring_in(database, settings, folder)

    assert (await sections(database), await revision(database)) == (before, stood)
    assert "help/contact.txt" not in await documents(database)
    assert counts(await bring_in(database, settings, folder)) == {"new": 1, "changed": 1, "unchanged": 1}


async def test_folder_without_documents_is_refused(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInputError, match="Rasa project"):
        await bring_in(database, settings, tmp_path)


async def test_sections_can_be_quoted_only_within_the_dates(
    database: Database, settings: Settings, folder: Path
) -> None:
    await bring_in(database, settings, folder)
    ids = [section.section_id for section in (await sections(database)).values()]
    async with database.write() as session:
        ended = update(Document).where(Document.key == "help/delivery.md")
        await session.execute(ended.values(valid_until=now() - timedelta(seconds=1)))

    found = await database.quick.read(lambda connection: servable_sections(connection, ids))

    assert [(s.title, s.heading, s.text, s.url, s.language) for s in found.values()] == [
        ("Returns", "Returns", "Within 30 days.", None, "en")
    ]


async def test_personal_data_is_masked_and_the_hotline_stays(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    text = "Card\n\nPay with card 4111 1111 1111 1111 please.\n\nHotline\n\nCall +49 30 901820 at any time."
    (tmp_path / "card.txt").write_text(text, encoding="utf-8")

    report = await bring_in(database, settings, tmp_path / "card.txt")

    texts = {section.text for section in (await sections(database)).values()}
    assert not any("4111" in text for text in texts)
    assert "Call +49 30 901820 at any time." in texts
    assert report.masked >= 1


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("https://shop.example/a", "https://shop.example/a"),
        ("javascript:alert(1)", None),
        ("/help/a", None),
        ("https://a b", None),
    ],
)
async def test_only_web_addresses_become_links(
    database: Database, settings: Settings, tmp_path: Path, url: str, stored: str | None
) -> None:
    (tmp_path / "a.md").write_text(f"---\nurl: {url}\n---\n# Delivery\n\nTwo days.\n", encoding="utf-8")

    await bring_in(database, settings, tmp_path / "a.md")

    assert (await documents(database))["a.md"].url == stored


async def test_name_of_a_file_that_is_no_text_is_stored_without_its_broken_characters(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "help"
    folder.mkdir()
    (folder / "caf\udce9.md").write_text("# Delivery\n\nTwo days.\n", encoding="utf-8")
    (folder / "br\udce9.md").write_bytes(b"\xff\xfe\xff")

    report = await bring_in(database, settings, folder)

    assert [line.reason.split(":")[0] for line in report.rejected] == ["help/br.md"]
    assert set(await documents(database)) == {"help/caf.md"}


async def test_gb18030_is_read(database: Database, settings: Settings, tmp_path: Path) -> None:
    text = "# 发货时间\n\n我们会在收到您的订单之后的两天内发货，请您放心。\n"
    (tmp_path / "发货.md").write_bytes(text.encode("gb18030"))

    report = await bring_in(database, settings, tmp_path / "发货.md")

    assert (counts(report), report.languages) == ({"new": 1}, {"zh": 1})
    [section] = (await knowledge_of(database)).sections
    assert (section.heading, section.text) == ("发货时间", "我们会在收到您的订单之后的两天内发货，请您放心。")


async def test_doctor_counts_documents_that_may_be_quoted(
    database: Database, settings: Settings, folder: Path, knowledge: dict[str, str]
) -> None:
    await bring_in(database, settings, folder / "returns.html")
    await bring_in(database, settings, folder / "delivery.md", approve=False)

    found = await check_knowledge(database, settings)

    assert found.detail.endswith("; documents to quote from: 1; 1 drafts wait for approval")
