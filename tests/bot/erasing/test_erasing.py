"""Erasing leaves nothing of a visitor, and everything of the others."""

import asyncio
import json
import os
import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import select, text

from bot.db.access_tables import DEFAULT_SITE_ID, Visitor
from bot.db.engine import Database
from bot.db.knowledge_tables import Label, Question
from bot.db.tables import metadata
from bot.erasing.service import erase, find_belongings
from bot.errors import InvalidInputError, NotFoundError
from bot.exports.schemas import ExportKind, ExportWish
from bot.exports.service import make_export
from bot.knowledge.index_feed import load_changes
from bot.settings import DatabaseSettings, Settings
from tests.fixtures.commands import RunKefu
from tests.fixtures.databases import in_own_loop
from tests.fixtures.installations import (
    ANA,
    BO,
    CANARY,
    START,
    conversation_id,
    exchange_id,
    fill_installation,
)

ANAS = {
    "visitors": 1, "conversations": 2, "messages": 4, "exchanges": 2, "feedback": 4, "ratings": 2,
    "signals": 2, "handoffs": 2, "contacts": 2, "notes": 2, "stored_replies": 3, "labels": 1,
}  # fmt: skip


@pytest.fixture
async def filled(database: Database, database_settings: Settings) -> Database:
    await fill_installation(database, database_settings.data_dir)
    return database


async def rows(database: Database) -> dict[str, list[str]]:
    """Every row of every table, as text that can be searched."""
    async with database.read() as session:
        return {
            table.name: [
                json.dumps([str(value) for value in row], ensure_ascii=False)
                for row in await session.execute(select(table).order_by(*table.primary_key))
            ]
            for table in metadata.sorted_tables
        }


def naming(found: dict[str, list[str]], words: str) -> dict[str, int]:
    """Rows that hold some words, by table."""
    counts = {table: sum(words in row for row in rows) for table, rows in found.items()}
    return {table: count for table, count in counts.items() if count}


@pytest.mark.parametrize("id", [ANA, conversation_id(ANA, 1), conversation_id(ANA, 2)])
async def test_visitor_goes_with_everything_they_said(
    filled: Database, database_settings: Settings, id: str
) -> None:
    erased = await erase(filled, database_settings, id, with_labels=False, erased_by="cli")
    assert erased.counts == ANAS
    found = await rows(filled)
    assert naming(found, "umbrella-drone") == {"labels": 1, "questions": 1}
    assert naming(found, conversation_id(ANA, 1)) == {}
    assert naming(found, exchange_id(ANA, 1)) == {}
    assert naming(found, ANA) == {"audit_log": 1}


async def test_other_visitors_keep_everything(filled: Database, database_settings: Settings) -> None:
    before = await rows(filled)
    await erase(filled, database_settings, ANA, with_labels=True, erased_by="cli")
    after = await rows(filled)
    for table in (
        "conversations",
        "messages",
        "exchanges",
        "feedback",
        "signals",
        "handoffs",
        "visitors",
        "idempotency_keys",
    ):
        assert after[table] == [row for row in before[table] if row in after[table]]
        assert [row for row in before[table] if "b" * 31 in row] == after[table]
    for table in ("answers", "answer_texts", "answer_versions", "import_batches", "dialogues", "releases"):
        assert after[table] == before[table]


async def test_labels_lose_their_link_and_stay(filled: Database, database_settings: Settings) -> None:
    erased = await erase(filled, database_settings, ANA, with_labels=False, erased_by="cli")
    assert [(question.id, question.text) for question in erased.questions] == [("qst_9", CANARY)]
    async with filled.read() as session:
        label = await session.get(Label, "lbl_1")
        question = await session.get(Question, 9)
    assert label is not None
    assert question is not None
    assert (label.exchange_id, label.given_by, label.utterance) == (None, "visitor:erased", CANARY)
    assert (question.text, question.active, question.label_id) == (CANARY, True, "lbl_1")
    assert erased.snapshots_left == []


async def test_labels_and_their_questions_go_when_asked_for(
    filled: Database, database_settings: Settings
) -> None:
    """The question's row stays without words, so that every worker's index learns to forget it."""
    erased = await erase(filled, database_settings, ANA, with_labels=True, erased_by="cli")
    assert erased.labels_removed
    assert naming(await rows(filled), "umbrella-drone") == {}
    async with filled.read() as session:
        labels = (await session.execute(select(Label.id))).scalars().all()
        question = await session.get(Question, 9)
        changes = await load_changes(session, since=7)
    assert labels == ["lbl_2"]
    assert question is not None
    assert (question.text, question.folded, question.active, question.label_id) == ("", "", False, None)
    assert (changes.revision, list(changes.removed_questions), changes.upsert.questions) == (8, [9], [])


@pytest.mark.parametrize("state", ["candidate", "rejected"])
async def test_labels_that_count_for_nothing_go_with_the_visitor(
    filled: Database, database_settings: Settings, state: str
) -> None:
    """A draft from an agent's reply, and what the visitor chose: nothing in the knowledge rests on them."""
    async with filled.write() as session:
        session.add_all(
            Label(
                id=f"lbl_{n}", utterance=CANARY, folded="f", language="en", out_of_scope=False, source=source,
                state=state, draft_text="Dear umbrella-drone owner", given_by=given_by, address_block="1.a",
                exchange_id=exchange_id(ANA, 2),
            )
            for n, source, given_by in ((8, "agent_reply", "key:key_1"), (9, "visitor_choice", f"visitor:{ANA}"))
        )  # fmt: skip
    await erase(filled, database_settings, ANA, with_labels=False, erased_by="cli")
    async with filled.read() as session:
        assert (await session.execute(select(Label.id).order_by(Label.id))).scalars().all() == [
            "lbl_1",
            "lbl_2",
        ]


async def test_accepted_label_loses_what_the_agent_wrote_and_where_it_came_from(
    filled: Database, database_settings: Settings
) -> None:
    async with filled.write() as session:
        label = await session.get_one(Label, "lbl_1")
        label.source, label.given_by, label.draft_text = (
            "agent_reply",
            "key:key_1",
            "Dear umbrella-drone owner",
        )
        label.address_block = "1.a"
    await erase(filled, database_settings, ANA, with_labels=False, erased_by="cli")
    async with filled.read() as session:
        label = await session.get_one(Label, "lbl_1")
    assert (label.draft_text, label.address_block, label.exchange_id) == (None, None, None)
    assert (label.utterance, label.given_by) == (CANARY, "key:key_1")


async def test_index_folders_and_exports_that_still_hold_words_are_named(
    filled: Database, database_settings: Settings
) -> None:
    export = await make_export(
        filled, database_settings, ExportWish(kind=ExportKind.EXCHANGES, conversation_id=None)
    )
    async with filled.write() as session:
        await session.execute(
            text("UPDATE index_snapshots SET created_at = '2026-04-01 00:00:00' WHERE id = 'snp_2'")
        )
    erased = await erase(filled, database_settings, ANA, with_labels=True, erased_by="cli")
    assert erased.exports_left == [f"{export.id}.jsonl"]
    assert erased.snapshots_left == ["snapshots/snp_2"]


async def test_exports_that_a_kill_has_left_go_and_those_being_made_are_named(
    filled: Database, database_settings: Settings
) -> None:
    folder = database_settings.data_dir / "exports"
    folder.mkdir()
    killed, running = (folder / f".exp_{n * 32}.jsonl.{n * 32}.partial" for n in "12")
    for file, hours in ((killed, 2), (running, 0)):
        file.write_text(CANARY, encoding="utf-8")
        os.utime(file, (time.time() - hours * 3600,) * 2)
    erased = await erase(filled, database_settings, ANA, with_labels=False, erased_by="cli")
    assert erased.exports_left == [running.name]
    assert list(folder.iterdir()) == [running]


async def test_reports_on_training_runs_are_deleted(filled: Database, database_settings: Settings) -> None:
    for name in ("chk_1", ".chk_2.abc.partial"):
        folder = database_settings.data_dir / "reports" / name
        folder.mkdir(parents=True)
        (folder / "report.html").write_text(CANARY, encoding="utf-8")
    (database_settings.data_dir / "reports" / "stray").touch()
    erased = await erase(filled, database_settings, ANA, with_labels=False, erased_by="cli")
    assert erased.reports_removed == 3
    assert list((database_settings.data_dir / "reports").iterdir()) == []


async def test_audit_tells_that_and_how_much_but_not_what(
    filled: Database, database_settings: Settings
) -> None:
    await erase(filled, database_settings, conversation_id(ANA, 1), with_labels=False, erased_by="cli")
    async with filled.read() as session:
        entry = (
            await session.execute(
                text("SELECT actor, target, details FROM audit_log WHERE action = 'erase_visitor'")
            )
        ).one()
    details = json.loads(entry.details) if isinstance(entry.details, str) else entry.details
    assert (entry.actor, entry.target) == ("cli", ANA)
    assert details == {**ANAS, "with_labels": False}


async def test_conversation_without_visitor_goes_alone(filled: Database, database_settings: Settings) -> None:
    """As integrators have them, who talk for their own visitors."""
    async with filled.write() as session:
        await session.execute(
            text(f"UPDATE conversations SET visitor_id = NULL WHERE id = '{conversation_id(ANA, 1)}'")
        )
    erased = await erase(
        filled, database_settings, conversation_id(ANA, 1), with_labels=False, erased_by="cli"
    )
    assert (erased.counts["visitors"], erased.counts["conversations"], erased.counts["exchanges"]) == (
        0,
        1,
        1,
    )
    found = await rows(filled)
    assert len([row for row in found["conversations"] if ANA in row]) == 1
    assert len(found["visitors"]) == 2


async def test_visitor_who_never_spoke_can_be_erased(filled: Database, database_settings: Settings) -> None:
    silent = "vis_" + "c" * 32
    async with filled.write() as session:
        await session.execute(
            text(
                "INSERT INTO visitors (id, site_id, token_hash, created_at) VALUES (:id, 'ste_default', 'c', :at)"
            ),
            {"id": silent, "at": "2026-03-01 00:00:00"}
            if database_settings.uses_sqlite
            else {"id": silent, "at": START},
        )
    erased = await erase(filled, database_settings, silent, with_labels=True, erased_by="cli")
    assert {name: count for name, count in erased.counts.items() if count} == {"visitors": 1}


async def test_looking_changes_nothing(filled: Database) -> None:
    before = await rows(filled)
    belongings = await find_belongings(filled, ANA)
    assert belongings.counts == ANAS
    assert [question.id for question in belongings.questions] == ["qst_9"]
    assert await rows(filled) == before


@pytest.mark.parametrize(
    ("id", "error", "match"),
    [
        ("vis_" + "0" * 32, NotFoundError, "no visitor"),
        ("cnv_" + "0" * 32, NotFoundError, "no conversation"),
        ("ana@example.org", InvalidInputError, "neither a visitor"),
        ("", InvalidInputError, "neither a visitor"),
        (BO.upper(), InvalidInputError, "neither a visitor"),
        ("exc_" + "a" * 32, InvalidInputError, "neither a visitor"),
    ],
)
async def test_ids_of_nobody_are_refused(
    filled: Database, database_settings: Settings, id: str, error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        await erase(filled, database_settings, id, with_labels=True, erased_by="cli")


WORDS = (b"umbrella-drone", "紫色雨伞无人机".encode(), rb"\u7d2b\u8272\u96e8\u4f1e")
"""The canary as text, and as SQLite keeps it in JSON."""


def words_on_disk(data_dir: Path) -> list[tuple[str, bytes]]:
    files = [data_dir / name for name in ("kefu.db", "kefu.db-wal", "kefu.db-shm", "kefu.db-journal")]
    return [
        (file.name, word) for file in files if file.exists() for word in WORDS if word in file.read_bytes()
    ]


async def test_words_are_gone_from_the_file_and_its_log(
    sqlite_database: Database, settings: Settings
) -> None:
    """While other connections are open, as those of a running service are."""
    await fill_installation(sqlite_database, settings.data_dir)
    async with (
        sqlite_database.write() as session
    ):  # moves rows about, which leaves copies in the slack of pages
        await session.execute(text("UPDATE exchanges SET rule = rule || hex(zeroblob(300))"))
        await session.execute(text("DELETE FROM messages WHERE position = 1"))
    assert {word for _, word in words_on_disk(settings.data_dir)} == set(WORDS)

    erased = await erase(sqlite_database, settings, ANA, with_labels=True, erased_by="cli")

    assert erased.scrubbed is True
    assert words_on_disk(settings.data_dir) == []


async def test_a_reader_that_does_not_end_is_reported(
    sqlite_database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill_installation(sqlite_database, settings.data_dir)
    monkeypatch.setattr("bot.erasing.sqlite_traces.BUSY_TIMEOUT_MS", 50)
    async with sqlite_database.read() as session:
        await session.execute(text("SELECT count(*) FROM messages"))
        erased = await erase(sqlite_database, settings, ANA, with_labels=True, erased_by="cli")
    assert erased.scrubbed is False
    assert naming(await rows(sqlite_database), "umbrella-drone") == {}


@pytest.fixture
def installation(sqlite_url: str, settings: Settings) -> Path:
    async def fill() -> None:
        database = Database.open(sqlite_url)
        await fill_installation(database, settings.data_dir)
        await database.close()

    in_own_loop(fill())
    return settings.data_dir


def count(data_dir: Path, table: str) -> int:
    connection = sqlite3.connect(data_dir / "kefu.db")
    number: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    connection.close()
    return number


def test_command_asks_before_it_erases(run_kefu: RunKefu, installation: Path) -> None:
    refused = run_kefu("erase", ANA, answer="n\n", KEFU_DATA_DIR=installation)
    assert refused.status == 1
    assert "2 conversations" in refused.err
    assert CANARY in refused.err
    assert count(installation, "visitors") == 2

    agreed = run_kefu("erase", ANA, answer="y\n", KEFU_DATA_DIR=installation)
    assert agreed.status == 0, agreed.err
    assert "4 messages" in agreed.out
    assert "1 questions made of their words stay" in agreed.err
    assert count(installation, "visitors") == 1


def test_command_does_not_erase_when_nobody_answers(run_kefu: RunKefu, installation: Path) -> None:
    assert run_kefu("erase", ANA, KEFU_DATA_DIR=installation).status == 1
    assert count(installation, "visitors") == 2


def test_command_reports_in_json(run_kefu: RunKefu, installation: Path) -> None:
    arguments = (conversation_id(ANA, 1), "--yes", "--with-labels", "--json")
    erased = run_kefu("erase", *arguments, KEFU_DATA_DIR=installation)
    assert erased.status == 0, erased.err
    assert erased.json == {
        "erased": {name: number for name, number in ANAS.items() if name != "labels"},
        "labels": {"count": 1, "removed": True},
        "questions": [{"id": "qst_9", "answer_id": "ans_delivery"}],
        "scrubbed": True,
        "reports_removed": 0,
        "left": {"exports": [], "snapshots": []},
    }
    assert words_on_disk(installation) == []
    assert "Backups made earlier" in erased.err
    again = run_kefu("erase", conversation_id(ANA, 1), "--yes", KEFU_DATA_DIR=installation)
    assert again.status == 2
    assert "no conversation" in again.err


def test_file_that_could_not_be_rewritten_is_told_with_the_remedy(
    run_kefu: RunKefu, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(_: Database) -> bool:
        return False

    monkeypatch.setattr("bot.erasing.service.scrub", busy)
    moved = installation.rename(installation.with_name("our data"))
    erased = run_kefu("erase", ANA, "--yes", KEFU_DATA_DIR=moved)
    assert erased.status == 4
    assert f"sqlite3 '{moved / 'kefu.db'}' 'VACUUM; PRAGMA wal_checkpoint(TRUNCATE)'" in erased.err


TOUCHED = {
    "a choice": f"UPDATE conversations SET last_position = last_position + 1 WHERE id = '{conversation_id(ANA, 1)}'",
    "a vote": "INSERT INTO feedback (id, exchange_id, given_by, rating, created_at) VALUES "
    f"('fbk_new', '{exchange_id(ANA, 1)}', 'visitor:{ANA}', 'up', now())",
}


async def erasing_waits_for_a_row(database: Database) -> None:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(20):
        while True:
            async with database.read() as session:
                if await session.scalar(waiting):
                    return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("touched", TOUCHED)
async def test_what_is_said_while_a_visitor_is_erased_goes_too(
    postgres_database: Database, postgres_url: str, settings: Settings, touched: str
) -> None:
    """SQLite has one writer; on PostgreSQL a request may be half done when erasing begins."""
    await fill_installation(postgres_database, settings.data_dir)
    on_postgres = settings.model_copy(update={"database": DatabaseSettings(url=postgres_url)})
    async with postgres_database.write() as session:
        await session.execute(text(TOUCHED[touched]))
        erasing = asyncio.create_task(
            erase(postgres_database, on_postgres, ANA, with_labels=False, erased_by="cli")
        )
        await erasing_waits_for_a_row(postgres_database)
        if touched == "a choice":
            label = "'lbl_new', 'umbrella', 'f', 'en', false, 'visitor_choice'"
            await session.execute(
                text(
                    "INSERT INTO labels (id, utterance, folded, language, out_of_scope, source, given_by, exchange_id, "
                    f"created_at) VALUES ({label}, 'visitor:{ANA}', '{exchange_id(ANA, 1)}', now())"
                )
            )
        await session.execute(
            text(
                "INSERT INTO idempotency_keys (principal, key, request_hash, status, response, created_at) VALUES "
                f"('visitor:{ANA}', 'new', 'h', 200, '{{}}', now())"
            )
        )
    await erasing

    assert naming(await rows(postgres_database), ANA) == {"audit_log": 1}


async def test_visitor_who_was_merged_into_another_is_erased_as_that_one(
    filled: Database, database_settings: Settings
) -> None:
    async with filled.write() as session:
        earlier = Visitor(
            id="vis_earlier", site_id=DEFAULT_SITE_ID, token_hash="merged:earlier", merged_into=ANA
        )
        session.add(earlier)

    erased = await erase(filled, database_settings, "vis_earlier", with_labels=True, erased_by="cli")

    assert erased.counts["conversations"] == ANAS["conversations"]
    assert naming(await rows(filled), CANARY) == {}
