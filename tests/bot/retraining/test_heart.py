"""The heart keeps the lease while work goes on, and ends the work when the lease can't be kept."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from bot.db.engine import Database
from bot.db.training_tables import TrainingLease
from bot.retraining.heart import Heart
from bot.retraining.lease import LeaseLostError
from bot.settings import Settings
from tests.bot.retraining.runs import ask, claimed, find

SECOND = timedelta(seconds=1)


async def test_lease_is_renewed_and_progress_written_while_work_goes_on(
    database: Database, settings: Settings
) -> None:
    run = await ask(database)
    claim = await claimed(database, settings)
    async with database.read() as session:
        before = (await session.get_one(TrainingLease, 1)).expires_at
    heart = Heart(database, claim, length=timedelta(seconds=60))
    heart.progress = {"stage": "encode", "done": 1, "total": 2, "loss": None, "seconds_left": None}

    async def work() -> str:
        await asyncio.sleep(2.5)
        return "done"

    assert await heart.beat_during(work()) == "done"
    shown = await find(database, run.id)
    assert shown.progress["stage"] == "encode"
    assert shown.heartbeat_at is not None
    assert shown.started_at is not None
    assert shown.heartbeat_at > shown.started_at
    async with database.read() as session:
        after = (await session.get_one(TrainingLease, 1)).expires_at
    assert before is not None
    assert after is not None
    assert after - before > timedelta(seconds=30)


async def test_work_ends_when_the_database_is_away_for_as_long_as_the_lease(
    sqlite_database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask(sqlite_database)
    heart = Heart(sqlite_database, await claimed(sqlite_database, settings), length=SECOND)

    async def away(_: Heart) -> None:
        raise OperationalError("", {}, Exception("connection refused"))

    monkeypatch.setattr(Heart, "_renew", away)
    with pytest.raises(LeaseLostError, match="could not be reached"):
        await asyncio.wait_for(heart.beat_during(asyncio.sleep(60)), 20)


async def test_what_the_work_raises_comes_through(sqlite_database: Database, settings: Settings) -> None:
    await ask(sqlite_database)
    heart = Heart(sqlite_database, await claimed(sqlite_database, settings), length=SECOND)

    async def work() -> None:
        raise ValueError("no disk")

    with pytest.raises(ValueError, match="no disk"):
        await heart.beat_during(work())
