"""Exports as files: what is in them, in which order, and that they are whole."""

import hashlib
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from bot.db.conversation_tables import Conversation, Feedback, Message
from bot.db.engine import Database
from bot.db.import_tables import ImportBatch
from bot.db.knowledge_tables import Answer, AnswerText, AnswerVersion, Label, Question
from bot.db.migrating import migrate
from bot.errors import InvalidInputError, NotFoundError
from bot.exports.schemas import ExportKind
from bot.exports.writing import write_export
from bot.imports.service import ImportWish, prepare_import, run_import
from bot.knowledge.folding import folded_hash, text_hash
from bot.settings import Settings
from tests.fixtures.installations import ANA, BO, CANARY, conversation_id, exchange_id, fill_installation


@pytest.fixture
async def filled(database: Database, settings: Settings) -> Database:
    await fill_installation(database, settings.data_dir)
    return database


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


async def test_exchanges_come_in_order_with_votes_and_labels(filled: Database, tmp_path: Path) -> None:
    await write_export(filled, ExportKind.EXCHANGES, tmp_path / "e.jsonl")
    rows = lines(tmp_path / "e.jsonl")
    assert [row["exchange_id"] for row in rows] == [exchange_id(v, n) for v in (ANA, BO) for n in (1, 2)]
    first = rows[0]
    assert first["utterance"] == CANARY
    assert first["visitor_id"] == ANA
    assert first["conversation_id"] == conversation_id(ANA, 1)
    assert first["answered_by"] == "machine"
    assert first["at"] == "2026-03-01T09:51:00.123456+00:00"
    assert first["confidence"] == 0.8123456789012345
    assert first["release_id"] == "rel_2"
    assert [(vote["rating"], vote["reason"]) for vote in first["votes"]] == [
        ("down", "incomplete"),
        ("up", None),
    ]
    assert [(label["answer_id"], label["source"], label["state"]) for label in first["labels"]] == [
        ("ans_delivery", "visitor_choice", "counted")
    ]
    assert first["signals"] == [
        {"kind": "left", "answer_id": "ans_delivery", "at": "2026-03-01T10:20:00.123456+00:00"}
    ]
    assert first["experiments"] == [{"experiment_id": "xpr_1", "arm": "b"}]
    assert first["shadows"] == [
        {
            "release_id": "rel_1",
            "kind": "answered_to_handed_off",
            "outcome": "handed_off",
            "answer_id": None,
            "rule": "nothing_close",
            "confidence": 0.25,
        }
    ]
    assert rows[1]["labels"] == []


async def test_what_was_taken_back_is_exported_as_such(filled: Database, tmp_path: Path) -> None:
    async with filled.write() as session:
        await session.execute(update(Feedback).values(withdrawn_at=Feedback.created_at))
        await session.execute(update(Label).values(withdrawn_at=Label.created_at))
    await write_export(filled, ExportKind.EXCHANGES, tmp_path / "e.jsonl")
    await write_export(
        filled,
        ExportKind.CONVERSATION,
        tmp_path / "c.json",
        conversation_id=conversation_id(ANA, 1),
    )
    first = lines(tmp_path / "e.jsonl")[0]
    assert [vote["withdrawn_at"] == vote["at"] for vote in first["votes"]] == [True, True]
    assert [label["withdrawn_at"] == label["at"] for label in first["labels"]] == [True]
    (reply,) = [
        message
        for message in json.loads((tmp_path / "c.json").read_bytes())["messages"]
        if message["role"] == "bot"
    ]
    assert [vote["withdrawn_at"] == vote["at"] for vote in reply["votes"]] == [True, True]


async def test_export_pages_through_more_rows_than_fit_in_one(
    filled: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write_export(filled, ExportKind.EXCHANGES, tmp_path / "whole.jsonl")
    monkeypatch.setattr("bot.exports.exchanges.PAGE", 1)
    steps: list[tuple[str, int, int]] = []
    await write_export(
        filled, ExportKind.EXCHANGES, tmp_path / "paged.jsonl", progress=lambda *step: steps.append(step)
    )
    assert (tmp_path / "paged.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert steps == [("exchanges", done, 4) for done in (1, 2, 3, 4)]


async def test_manifest_vouches_for_the_file(filled: Database, tmp_path: Path) -> None:
    manifest = await write_export(filled, ExportKind.EXCHANGES, tmp_path / "e.jsonl")
    content = (tmp_path / "e.jsonl").read_bytes()
    beside = json.loads((tmp_path / "e.jsonl.manifest.json").read_bytes())
    assert beside["sha256"] == manifest.sha256 == hashlib.sha256(content).hexdigest()
    assert (beside["rows"], beside["bytes"], beside["file"]) == (4, len(content), "e.jsonl")
    assert (beside["format"], beside["format_version"], beside["kind"]) == ("kefu-export", 1, "exchanges")
    assert "machine" in beside["notice"]
    assert stat.S_IMODE((tmp_path / "e.jsonl").stat().st_mode) == 0o600


async def test_two_exports_of_one_state_are_equal(filled: Database, tmp_path: Path) -> None:
    hashes = {
        (await write_export(filled, kind, tmp_path / f"{kind}{n}.jsonl")).sha256
        for kind in (ExportKind.EXCHANGES, ExportKind.KNOWLEDGE)
        for n in (1, 2)
    }
    assert len(hashes) == 2


async def test_knowledge_is_a_faq_of_the_approved(filled: Database, tmp_path: Path) -> None:
    manifest = await write_export(filled, ExportKind.KNOWLEDGE, tmp_path / "k.jsonl")
    refund = {
        "answer_key": "refund", "intent": "refunds", "tags": ["money", "退款"],
        "valid_from": "2026-03-01T09:30:00.123456+00:00", "valid_until": "2045-03-05T20:10:00.123456+00:00",
    }  # fmt: skip
    assert lines(tmp_path / "k.jsonl") == [
        {
            "language": "en",
            "question": "How long does delivery take?",
            "phrasings": [CANARY],
            "answer": "Two working days.",
            "tags": [],
        },
        {
            **refund,
            "language": "en",
            "question": "When do I get my money back?",
            "phrasings": ["How long does a refund take?"],
            "answer": "Within ten days.\n\nEarlier by card.",
        },
        {**refund, "language": "zh", "question": "退款多久到账", "phrasings": [], "answer": "十天内到账。"},
    ]
    assert manifest.rows == 3


async def test_answers_whose_questions_speak_another_language_are_kept(
    filled: Database, tmp_path: Path
) -> None:
    """A Chinese question with an English answer, and an English text nobody asks for in English."""
    async with filled.write() as session:
        await session.execute(
            update(Question).where(Question.number == 8).values(language="zh", text="多久送到")
        )
        await session.execute(update(Question).where(Question.number == 9).values(active=False))
        await session.execute(update(Question).where(Question.number == 7).values(active=False))
    await write_export(filled, ExportKind.KNOWLEDGE, tmp_path / "k.jsonl")
    found = [(row.get("language"), row["question"], row["answer"]) for row in lines(tmp_path / "k.jsonl")]
    assert found == [
        (None, "多久送到", "Two working days."),
        (None, "多久送到", "Two working days."),
        ("en", "When do I get my money back?", "Within ten days.\n\nEarlier by card."),
        (None, "When do I get my money back?", "十天内到账。"),
    ]


async def test_answers_without_a_question_are_counted_not_written(filled: Database, tmp_path: Path) -> None:
    async with filled.write() as session:
        await session.execute(
            update(Question).where(Question.answer_id == "ans_delivery").values(active=False)
        )
    manifest = await write_export(filled, ExportKind.KNOWLEDGE, tmp_path / "k.jsonl")
    assert (manifest.rows, manifest.left_out) == (2, 1)


async def test_imported_again_a_knowledge_export_adds_nothing(
    filled: Database, settings: Settings, tmp_path: Path
) -> None:
    await _as_if_imported(filled)
    before = await _knowledge_counts(filled)
    await write_export(filled, ExportKind.KNOWLEDGE, tmp_path / "k.jsonl")

    prepared = await prepare_import(filled, settings, tmp_path / "k.jsonl")
    report = await run_import(filled, prepared, ImportWish(approve=True, dry_run=False, imported_by="test"))

    assert (report.new, report.changed, report.conflicting, report.rejected) == (0, 0, 0, [])
    assert report.unchanged == 5
    assert await _knowledge_counts(filled) == before


async def test_knowledge_export_fills_an_empty_installation(
    sqlite_database: Database, settings: Settings, tmp_path: Path
) -> None:
    await fill_installation(sqlite_database, settings.data_dir)
    await write_export(sqlite_database, ExportKind.KNOWLEDGE, tmp_path / "k.jsonl")
    other = Database.open(f"sqlite+aiosqlite:///{tmp_path / 'other.db'}")
    try:
        await migrate(other)
        prepared = await prepare_import(other, settings, tmp_path / "k.jsonl")
        await run_import(other, prepared, ImportWish(approve=True, dry_run=False, imported_by="test"))
        await write_export(other, ExportKind.KNOWLEDGE, tmp_path / "again.jsonl")
    finally:
        await other.close()
    first, again = (
        sorted(json.dumps(row, sort_keys=True) for row in lines(tmp_path / name))
        for name in ("k.jsonl", "again.jsonl")
    )
    assert first == again
    assert "2045-03-05T20:10:00.123456+00:00" in first[1]


async def test_conversation_reads_as_it_was_held(filled: Database, tmp_path: Path) -> None:
    wanted = conversation_id(ANA, 2)
    manifest = await write_export(
        filled, ExportKind.CONVERSATION, tmp_path / "c.json", conversation_id=wanted
    )
    document = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))
    assert "machine" in document["notice"]
    assert "机器" in document["notice"]
    assert document["id"] == wanted
    assert document["metadata"] == {"page": "/cart", "vip": True}
    assert [(m["role"], m["spoken_by"], m["text"]) for m in document["messages"]] == [
        ("customer", "customer", CANARY),
        ("bot", "machine", "Two working days."),
    ]
    assert document["messages"][1]["outcome"] == "answered"
    assert [vote["rating"] for vote in document["messages"][1]["votes"]] == ["down", "up"]
    assert [handoff["reason"] for handoff in document["handoffs"]] == ["visitor_asked"]
    assert manifest.rows == 1


async def test_numbers_that_json_has_not_are_null_in_a_conversation(
    sqlite_database: Database, settings: Settings, tmp_path: Path
) -> None:
    await fill_installation(sqlite_database, settings.data_dir)
    wanted, stored = conversation_id(ANA, 2), {"load": float("nan"), "most": float("-inf"), "page": 1.5}
    async with sqlite_database.write() as session:
        held = update(Conversation).where(Conversation.id == wanted)
        await session.execute(held.values(details=stored))

    await write_export(sqlite_database, ExportKind.CONVERSATION, tmp_path / "c.json", conversation_id=wanted)

    document = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))
    assert document["metadata"] == {"load": None, "most": None, "page": 1.5}


async def test_every_role_has_a_speaker(filled: Database, tmp_path: Path) -> None:
    async with filled.write() as session:
        for position, role in enumerate(("agent", "system"), start=3):
            session.add(
                Message(
                    id=f"msg_{role}",
                    conversation_id=conversation_id(BO, 1),
                    position=position,
                    role=role,
                    text="hi",
                )
            )
    path = tmp_path / "c.json"
    await write_export(filled, ExportKind.CONVERSATION, path, conversation_id=conversation_id(BO, 1))
    messages = json.loads(path.read_text(encoding="utf-8"))["messages"]
    assert [m["spoken_by"] for m in messages] == ["customer", "machine", "person", "machine"]


async def test_unknown_conversation_leaves_no_file(filled: Database, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="cnv_nobody"):
        await write_export(filled, ExportKind.CONVERSATION, tmp_path / "c.json", conversation_id="cnv_nobody")
    with pytest.raises(InvalidInputError, match="starts with cnv_"):
        await write_export(filled, ExportKind.CONVERSATION, tmp_path / "c.json")
    assert "c.json" not in str(names_in(tmp_path))


@pytest.mark.parametrize("name", ["e.jsonl", "e.jsonl.manifest.json"])
async def test_existing_files_are_not_overwritten(name: str, database: Database, tmp_path: Path) -> None:
    (tmp_path / name).write_text("precious")
    with pytest.raises(InvalidInputError, match="exists already"):
        await write_export(database, ExportKind.EXCHANGES, tmp_path / "e.jsonl")
    assert (tmp_path / name).read_text() == "precious"


async def test_empty_installation_exports_no_rows(database: Database, tmp_path: Path) -> None:
    for kind in (ExportKind.EXCHANGES, ExportKind.KNOWLEDGE):
        manifest = await write_export(database, kind, tmp_path / kind)
        assert (manifest.rows, manifest.sha256) == (0, hashlib.sha256(b"").hexdigest())


async def _as_if_imported(database: Database) -> None:
    """Hashes as import makes them; the fixture's are placeholders."""
    async with database.write() as session:
        for question in (await session.execute(select(Question))).scalars():
            question.folded = folded_hash(question.text)
        for answer_text in (await session.execute(select(AnswerText))).scalars():
            answer_text.text_hash = text_hash(answer_text.text)


async def _knowledge_counts(database: Database) -> dict[str, int]:
    async with database.read() as session:
        tables = (Answer, AnswerText, AnswerVersion, Question, ImportBatch, Feedback)
        counts = {
            table.__tablename__: (await session.execute(select(func.count()).select_from(table))).scalar_one()
            for table in tables
        }
        counts["revision"] = (
            await session.execute(text("SELECT revision FROM knowledge_state"))
        ).scalar_one()
    return counts
