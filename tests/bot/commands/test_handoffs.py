"""``kefu handoffs`` as it is typed: a company can answer customers before it has anything else."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bot.db.engine import Database
from bot.settings import Settings
from tests.fixtures.commands import RunKefu
from tests.fixtures.databases import in_own_loop
from tests.fixtures.installations import ANA, CANARY, conversation_id, fill_installation

WAITING, TALK = "hnd_a1", conversation_id(ANA, 1)


@pytest.fixture
def data_of_filled(sqlite_url: str, settings: Settings) -> Path:
    """Four visitors' conversations wait for a person."""

    async def fill() -> None:
        database = Database.open(sqlite_url)
        await fill_installation(database, settings.data_dir)
        await database.close()

    in_own_loop(fill())
    return settings.data_dir


def said(data_dir: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(data_dir / "kefu.db") as database:
        return database.execute(
            "SELECT role, text FROM messages WHERE conversation_id = ? ORDER BY position", [TALK]
        ).fetchall()


def test_operator_answers_from_the_terminal(run_kefu: RunKefu, data_of_filled: Path) -> None:
    def kefu(*arguments: str) -> Any:
        ended = run_kefu("handoffs", *arguments, KEFU_DATA_DIR=data_of_filled)
        assert ended.status == 0, ended.err
        return ended

    listed = kefu("list", "--state", "waiting", "--json").json["items"]
    assert [item["id"] for item in listed] == [WAITING, "hnd_a2", "hnd_b1", "hnd_b2"]
    assert WAITING in kefu("list").out
    shown = kefu("show", WAITING).out
    assert f"contact: {CANARY}, a@example.com" in shown
    assert "customer:" in shown

    assert "is now person" in kefu("take", WAITING).out
    replied = kefu("reply", WAITING, "Hello, this is Bo.", "--json").json
    back = kefu("hand-back", WAITING, "--json").json

    assert (replied["message"]["role"], back["state"]) == ("agent", "handed_back")
    assert said(data_of_filled)[-2][1] == "Hello, this is Bo."
    assert [item["id"] for item in kefu("list", "--json").json["items"]] == ["hnd_a2", "hnd_b1", "hnd_b2"]


def test_close_ends_it_and_a_second_step_is_refused(run_kefu: RunKefu, data_of_filled: Path) -> None:
    closed = run_kefu("handoffs", "close", WAITING, KEFU_DATA_DIR=data_of_filled)
    late = run_kefu("handoffs", "take", WAITING, KEFU_DATA_DIR=data_of_filled)
    missing = run_kefu("handoffs", "show", "hnd_none", KEFU_DATA_DIR=data_of_filled)
    empty = run_kefu("handoffs", "reply", WAITING, " ", KEFU_DATA_DIR=data_of_filled)

    assert closed.out.strip() == f"{WAITING} is now closed"
    assert (late.status, missing.status, empty.status) == (1, 2, 2)
    assert "is in state 'closed', held by nobody" in late.err
    assert "no handoff 'hnd_none'" in missing.err
