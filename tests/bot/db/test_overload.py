"""A database that has no time is no bug."""

import sqlite3
from unittest.mock import patch

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError, TimeoutError

from bot.access.tokens import KEY_PREFIX
from bot.console.gate import COOKIE
from bot.db.engine import Database
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


@pytest.mark.parametrize(
    ("state", "passes"),
    [
        ("08006", True),  # connection failure
        ("53100", True),  # disk full
        ("53300", True),  # too many connections
        ("57P01", True),  # shut down by an administrator
        ("25006", True),  # a server that only reads
        ("57014", False),  # cancelled by a person or a time limit
        ("42P01", False),  # no such table
        ("23505", False),  # not unique
    ],
)
def test_only_what_passes_of_a_server_is_told_as_overload(state: str, passes: bool) -> None:
    psycopg = pytest.importorskip("psycopg")
    said = psycopg.errors.lookup(state)("no more")
    assert (passing(wrapped(said)) is not None) == passes


def test_server_that_is_not_there_and_connections_that_are_all_taken_pass() -> None:
    psycopg = pytest.importorskip("psycopg")
    assert passing(wrapped(psycopg.OperationalError("connection refused"))) is not None
    assert passing(wrapped(psycopg.InterfaceError("the cursor is closed"))) is None
    assert passing(TimeoutError("QueuePool limit of size 8 overflow 8 reached")) is not None


def wrapped(said: Exception) -> SQLAlchemyError:
    """As SQLAlchemy raises what a driver has raised."""
    psycopg = pytest.importorskip("psycopg")
    made = DBAPIError.instance("SELECT 1", {}, said, psycopg.Error)
    assert isinstance(made, SQLAlchemyError)
    return made


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
async def test_everything_is_503_while_the_server_is_away_and_goes_on_when_it_is_back(
    app: FastAPI, client: httpx.AsyncClient, talk: Talk
) -> None:
    psycopg = pytest.importorskip("psycopg")
    database: Database = app.state.parts.database
    pools = (database.engine.sync_engine, database.quick.engine)

    def refuse(*_: object) -> None:
        raise psycopg.OperationalError("connection refused")

    for pool in pools:
        event.listen(pool, "do_connect", refuse)
    await database.engine.dispose()
    database.quick.engine.dispose()
    key = {"Authorization": f"Bearer {KEY_PREFIX}none"}
    asked = {"model": "kefu", "messages": [{"role": "user", "content": "Can I return something?"}]}
    refused = [
        await talk.say("Can I return something?"),
        await talk.say("Can I return something?", Origin="https://shop.example"),
        await client.get("/v1/releases", headers=key),
        await client.post("/v1/chat/completions", json=asked, headers=key),
        await client.get("/console/review", headers={"Cookie": f"{COOKIE}=none"}),
    ]
    for pool in pools:
        event.remove(pool, "do_connect", refuse)

    assert [reply.status_code for reply in refused] == [503] * 5
    assert [reply.headers.get("retry-after") for reply in refused] == ["5"] * 4 + [None]
    assert (await talk.say("Can I return something?")).status_code == 200


async def test_message_to_a_locked_database_is_503_and_gets_through_later(talk: Talk) -> None:
    with patch("bot.db.transactions.Transactions.write", _locked):
        refused = await talk.say("Can I return something?")

    assert refused.status_code == 503
    assert refused.json()["type"].endswith("unavailable")
    assert refused.headers["retry-after"] == "5"
    assert (await talk.say("Can I return something?")).status_code == 200


async def _locked(*_: object) -> None:
    raise OperationalError("BEGIN IMMEDIATE", {}, sqlite3.OperationalError("database is locked"))
