"""When training is due by itself."""

from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import update

from bot.db.base import new_id, now
from bot.db.engine import Database
from bot.db.knowledge_tables import Label, LabelState
from bot.db.training_tables import RunState, RunTrigger, TrainingRun
from bot.knowledge.index_feed import raise_revision
from bot.retraining import repository
from bot.retraining.triggers import PAUSE_AFTER_FAILURE, due, in_window, is_waiting
from bot.settings import RetrainingSettings
from tests.bot.retraining.runs import ask

BY_LABELS = RetrainingSettings(after_labels=3)
BY_SCHEDULE = RetrainingSettings(after_labels=0, every=timedelta(days=7))


async def label(database: Database, count: int) -> str:
    async with database.write() as session:
        rows = [
            Label(
                id=new_id("lbl"), utterance="?", folded="f", language="en", out_of_scope=True, source="operator",
                given_by="test",
            )
            for _ in range(count)
        ]  # fmt: skip
        session.add_all(rows)
        return max(row.id for row in rows)


async def ran(database: Database, state: RunState, *, days_ago: float = 0, **noted: object) -> TrainingRun:
    moment = now() - timedelta(days=days_ago)
    run = await ask(database)
    async with database.write() as session:
        run = await session.get_one(TrainingRun, run.id)
        repository.end(run, state, at=moment)
        run.created_at = moment
        for name, value in noted.items():
            setattr(run, name, value)
    return run


async def found(
    database: Database, settings: RetrainingSettings, *, moment: datetime | None = None
) -> str | None:
    async with database.read() as session:
        it = await due(session, settings, moment=moment or now())
        assert await is_waiting(session, settings, moment=moment or now()) == (it is not None)
        return it.trigger if it else None


async def test_enough_new_labels_are_learnt(database: Database) -> None:
    await label(database, 2)
    assert await found(database, BY_LABELS) is None
    newest = await label(database, 1)
    assert await found(database, BY_LABELS) == RunTrigger.LABELS
    assert await found(database, RetrainingSettings(after_labels=0)) is None
    await ran(database, RunState.DONE, newest_label=newest)
    await label(database, 2)
    assert await found(database, BY_LABELS) is None
    await label(database, 1)
    assert await found(database, BY_LABELS) == RunTrigger.LABELS


async def test_recalibration_teaches_nothing_and_so_puts_no_training_off(database: Database) -> None:
    async with database.write() as session:
        await raise_revision(session)
    before = await label(database, 1)
    await ran(database, RunState.DONE, days_ago=8, newest_label=before, revision=0)
    newest = await label(database, 3)
    await ran(database, RunState.DONE, newest_label=newest, revision=1, options={"recalibrate": True})
    assert await found(database, BY_LABELS) == RunTrigger.LABELS
    assert await found(database, BY_SCHEDULE) == RunTrigger.SCHEDULE
    await ran(database, RunState.DONE, newest_label=newest, revision=1, options={"recalibrate": False})
    assert (await found(database, BY_LABELS), await found(database, BY_SCHEDULE)) == (None, None)


async def test_what_only_visitors_said_starts_no_training_until_somebody_accepts_it(
    database: Database,
) -> None:
    newest = await label(database, 3)
    async with database.write() as session:
        await session.execute(update(Label).values(state=LabelState.CANDIDATE))
    assert await found(database, BY_LABELS) is None
    await ran(database, RunState.DONE, newest_label=newest)
    async with database.write() as session:
        await session.execute(update(Label).values(state=LabelState.COUNTED, decided_at=now()))
    assert await found(database, BY_LABELS) == RunTrigger.LABELS
    async with database.write() as session:
        await session.execute(update(Label).values(withdrawn_at=now()))
    assert await found(database, BY_LABELS) is None


async def test_refused_labels_are_not_tried_again_and_failed_ones_after_a_pause(database: Database) -> None:
    newest = await label(database, 3)
    await ran(database, RunState.FAILED)
    assert await found(database, BY_LABELS) is None
    assert await found(database, BY_LABELS, moment=now() + PAUSE_AFTER_FAILURE) == RunTrigger.LABELS
    await ran(database, RunState.REFUSED, newest_label=newest)
    assert await found(database, BY_LABELS) is None


async def test_schedule_counts_from_the_last_training_and_needs_new_knowledge(database: Database) -> None:
    assert await found(database, BY_SCHEDULE) == RunTrigger.SCHEDULE
    await ran(database, RunState.DONE, days_ago=6.9, revision=0)
    async with database.write() as session:
        await raise_revision(session)
    assert await found(database, BY_SCHEDULE) is None
    soon = now() + timedelta(days=0.2)
    assert await found(database, BY_SCHEDULE, moment=soon) == RunTrigger.SCHEDULE
    await ran(database, RunState.DONE, days_ago=30, revision=1)
    assert await found(database, BY_SCHEDULE) is None


async def test_nothing_is_due_while_a_run_waits_and_a_worker_finds_that_one(database: Database) -> None:
    await label(database, 3)
    await ask(database)
    async with database.read() as session:
        assert await due(session, BY_LABELS, moment=now()) is None
        assert await is_waiting(session, BY_LABELS, moment=now())


@pytest.mark.parametrize(
    ("at", "hour", "inside"),
    [
        (None, 12, True),
        (3, 2, False),
        (3, 3, True),
        (3, 5, True),
        (3, 6, False),
        (23, 1, True),
        (23, 2, False),
    ],
)
def test_hours_are_local_and_go_past_midnight(at: int | None, hour: int, inside: bool) -> None:
    local = datetime(2026, 3, 1, hour, tzinfo=UTC).replace(tzinfo=None).astimezone()
    assert in_window(None if at is None else time(at), local.astimezone(UTC)) is inside


async def test_outside_of_its_hours_nothing_is_due(database: Database) -> None:
    await label(database, 3)
    later = (now().astimezone() + timedelta(hours=5)).time().replace(tzinfo=None)
    assert await found(database, RetrainingSettings(after_labels=3, at=later)) is None
