"""A database that has no time is no bug."""

import sqlite3
from unittest.mock import patch

import pytest
from sqlalchemy.exc import OperationalError

from bot.db.overload import passing
from tests.fixtures.services import Talk


@pytest.mark.parametrize(
    ("said", "passes"),
    [("database is locked", True), ("database or disk is full", True), ("no such table: answers", False)],
)
def test_only_what_passes_is_told_as_overload(said: str, passes: bool) -> None:
    found = passing(OperationalError("SELECT 1", {}, sqlite3.OperationalError(said)))

    assert (found is not None) == passes
    assert found is None or (found.status, found.headers) == (503, {"Retry-After": "5"})


async def test_message_to_a_locked_database_is_503_and_gets_through_later(talk: Talk) -> None:
    with patch("bot.db.transactions.Transactions.write", _locked):
        refused = await talk.say("Can I return something?")

    assert refused.status_code == 503
    assert refused.json()["type"].endswith("unavailable")
    assert refused.headers["retry-after"] == "5"
    assert (await talk.say("Can I return something?")).status_code == 200


async def _locked(*_: object) -> None:
    raise OperationalError("BEGIN IMMEDIATE", {}, sqlite3.OperationalError("database is locked"))
