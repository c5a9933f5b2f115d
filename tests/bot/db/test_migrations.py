"""The migrations make the tables that the models describe, on an empty and on a filled database."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select, text

import migrations
from bot.db.engine import Database
from bot.db.migrating import current_revision, migrate, newest_revision
from bot.db.tables import metadata

FIRST_REVISION = "847f5b46c81f"
TIME = "'2026-03-01 09:30:00.000001'"
FILLED: dict[str, dict[str, str]] = {
    "visitors": {"id": "'vis_1'", "site_id": "'ste_default'", "token_hash": "'h1'", "created_at": TIME},
    "api_keys": {"id": "'key_1'", "name": "'shop'", "scope": "'read'", "key_hash": "'h2'", "created_at": TIME},
    "audit_log": {
        "id": "'aud_1'", "actor": "'key:key_1'", "action": "'promote'", "target": "'rel_1'", "details": "'{}'",
        "created_at": TIME,
    },
    "idempotency_keys": {
        "principal": "'visitor:vis_1'", "key": "'k'", "request_hash": "'h3'", "status": "200",
        "response": """'{"id": "exc_1"}'""", "created_at": TIME,
    },
    "import_batches": {
        "id": "'bat_1'", "filename": "'常见问题.csv'", "file_hash": "'h4'", "format": "'faq'", "approved": "true",
        "imported_by": "'cli'", "report": """'{"new": 1}'""", "created_at": TIME,
    },
    "dialogues": {
        "id": "'dlg_1'", "conversation_id": "'c-1'", "content_hash": "'h5'", "language": "'zh'",
        "turns": """'[{"role": "customer", "text": "退款多久到账"}]'""", "batch_id": "'bat_1'", "created_at": TIME,
    },
    "answers": {
        "id": "'ans_1'", "answer_key": "'refund'", "intent": "'refunds'", "tags": """'["money"]'""",
        "state": "'approved'", "version": "1", "batch_id": "'bat_1'", "revision": "1", "created_at": TIME,
        "updated_at": TIME,
    },
    "answer_texts": {
        "number": "41", "answer_id": "'ans_1'", "language": "'en'", "text": "'Within ten days.'",
        "text_hash": "'h6'", "revision": "1",
    },
    "answer_versions": {
        "answer_id": "'ans_1'", "version": "1", "content": "'{}'", "changed_by": "'cli'", "created_at": TIME,
    },
    "answer_sources": {
        "id": "'src_1'", "answer_id": "'ans_1'", "conversation_id": "'c-1'", "turn": "0", "role": "'customer'",
        "text": "'退款多久到账'",
    },
    "checkpoints": {"id": "'chk_1'", "path": "'c'", "digest": "'h7'", "summary": "'{}'", "created_at": TIME},
    "index_snapshots": {
        "id": "'snp_1'", "checkpoint_id": "'chk_1'", "path": "'s'", "digest": "'h8'", "revision": "1",
        "summary": "'{}'", "created_at": TIME,
    },
    "releases": {
        "id": "'rel_1'", "checkpoint_id": "'chk_1'", "snapshot_id": "'snp_1'", "created_by": "'cli'",
        "created_at": TIME,
    },
    "conversations": {
        "id": "'cnv_1'", "site_id": "'ste_default'", "visitor_id": "'vis_1'", "channel": "'widget'",
        "state": "'bot'", "metadata": "'{}'", "last_position": "2", "created_at": TIME,
    },
    "exchanges": {
        "id": "'exc_1'", "conversation_id": "'cnv_1'", "utterance": "'Where is my refund?'", "language": "'en'",
        "outcome": "'answered'", "rule": "'confident'", "confidence": "0.75", "reply": "'{}'", "choices": "'[]'",
        "suggestions": "'[]'", "candidates": "'[]'", "evidence": "'{}'", "latency_ms": "'{}'",
        "release_id": "'rel_1'", "created_at": TIME,
    },
    "messages": {
        "id": "'msg_1'", "conversation_id": "'cnv_1'", "position": "1", "role": "'customer'",
        "text": "'Where is my refund?'", "exchange_id": "'exc_1'", "created_at": TIME,
    },
    "feedback": {
        "id": "'fbk_1'", "exchange_id": "'exc_1'", "given_by": "'visitor:vis_1'", "rating": "'up'",
        "created_at": TIME,
    },
    "handoffs": {
        "id": "'hnd_1'", "conversation_id": "'cnv_1'", "exchange_id": "'exc_1'", "reason": "'asked'",
        "created_at": TIME,
    },
    "labels": {
        "id": "'lbl_1'", "utterance": "'refund?'", "folded": "'h9'", "language": "'en'", "answer_id": "'ans_1'",
        "out_of_scope": "false", "source": "'visitor_choice'", "given_by": "'visitor:vis_1'",
        "exchange_id": "'exc_1'", "created_at": TIME,
    },
    "questions": {
        "number": "77", "id": "'qst_1'", "answer_id": "'ans_1'", "text": "'refund?'", "folded": "'h9'",
        "language": "'en'", "source": "'visitor_choice'", "active": "true", "label_id": "'lbl_1'",
        "revision": "1", "created_at": TIME,
    },
}  # fmt: skip
"""A row of every table as the first migration made it (values as SQL), parents before children."""


@pytest.fixture
async def empty_database(empty_database_url: str) -> AsyncIterator[Database]:
    database = Database.open(empty_database_url)
    yield database
    await database.close()


def config_for(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    return config


async def test_migrations_make_what_the_models_say(empty_database: Database) -> None:
    await migrate(empty_database)
    assert await current_revision(empty_database) == newest_revision()
    async with empty_database.connection() as connection:
        # Raises AutogenerateDiffsDetected, naming each difference.
        await connection.run_sync(lambda sync: command.check(config_for(sync)))


async def test_there_is_one_line_of_migrations(empty_database: Database) -> None:
    async with empty_database.connection() as connection:
        script = ScriptDirectory.from_config(await connection.run_sync(config_for))
    assert script.get_bases() == [FIRST_REVISION]
    assert script.get_heads() == [newest_revision()]


async def test_upgrade_keeps_every_row(empty_database: Database) -> None:
    await migrate(empty_database, to=FIRST_REVISION)
    await fill(empty_database)
    before = await rows(empty_database)
    assert before["answer_texts"] == [(41, "ans_1", "en", "Within ten days.", "h6", 1)]
    assert before["import_batches"][0][1] == "常见问题.csv"

    await migrate(empty_database)

    assert await current_revision(empty_database) == newest_revision()
    assert await rows(empty_database) == before
    async with empty_database.read() as session:
        for table in metadata.sorted_tables:
            if table.name in FILLED:
                assert len((await session.execute(select(table))).all()) == 1, table.name


async def test_replies_stored_with_a_token_are_forgotten(empty_database: Database) -> None:
    await migrate(empty_database, to="c2a91d07be54")
    await fill(empty_database)
    async with empty_database.connection() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO idempotency_keys (principal, key, request_hash, status, response, created_at) VALUES"
            f""" ('key:key_1', 'k', 'h', 201, '{{"visitor_token": "kv_x", "conversation_id": "cnv_1"}}', {TIME})"""
        )

    await migrate(empty_database)

    assert [row[0] for row in (await rows(empty_database))["idempotency_keys"]] == ["visitor:vis_1"]


async def test_handoffs_of_before_are_missed_ones_and_the_bot_speaks(empty_database: Database) -> None:
    await migrate(empty_database, to="e6c2b8f41d70")
    await fill(empty_database)
    async with empty_database.connection() as connection:
        await connection.exec_driver_sql("UPDATE conversations SET state = 'person'")

    await migrate(empty_database)

    async with empty_database.connection() as connection:
        handoff = (await connection.exec_driver_sql("SELECT state, taken_by, closed_at FROM handoffs")).one()
        state = (await connection.exec_driver_sql("SELECT state FROM conversations")).scalar_one()
    assert (tuple(handoff), state) == (("missed", None, None), "bot")


async def test_upgrading_twice_changes_nothing(database: Database) -> None:
    await fill(database)
    before = await rows(database)
    await migrate(database)
    assert await rows(database) == before


async def test_database_starts_with_the_default_site_and_one_row_tables(database: Database) -> None:
    async with database.read() as session:
        sites = (await session.execute(text("SELECT id, public_key FROM sites"))).all()
        knowledge = (await session.execute(text("SELECT id, revision FROM knowledge_state"))).all()
        pointer = (
            await session.execute(text("SELECT id, release_id, generation FROM release_pointer"))
        ).all()
    assert [tuple(row) for row in sites] == [("ste_default", "default")]
    assert [tuple(row) for row in knowledge] == [(1, 0)]
    assert [tuple(row) for row in pointer] == [(1, None, 0)]


async def test_first_revision_is_covered_table_by_table(empty_database: Database) -> None:
    """A table added to the first migration without a row above would slip through the upgrade test."""
    await migrate(empty_database, to=FIRST_REVISION)
    known = {"sites", "knowledge_state", "release_pointer", "alembic_version", *FILLED}
    assert await table_names(empty_database) - {"sqlite_sequence"} == known


async def fill(database: Database) -> None:
    async with database.connection() as connection:
        for table, values in FILLED.items():
            statement = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"
            await connection.exec_driver_sql(statement)


async def rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    async with database.connection() as connection:
        for table, values in FILLED.items():
            selected = await connection.exec_driver_sql(f"SELECT {', '.join(values)} FROM {table}")
            found[table] = [tuple(row) for row in selected]
    return found


async def table_names(database: Database) -> set[str]:
    async with database.connection() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))
