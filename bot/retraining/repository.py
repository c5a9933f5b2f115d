"""Queries on training runs."""

from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.knowledge_tables import Label, LabelState
from bot.db.release_tables import Checkpoint, IndexSnapshot
from bot.db.training_tables import RunState, TrainingRun

SWEPT_RUNS = 100


async def active(session: AsyncSession) -> TrainingRun | None:
    """The one run that has not ended, if there is one."""
    return (await session.execute(select(TrainingRun).where(TrainingRun.slot == 1))).scalar_one_or_none()


async def get(session: AsyncSession, run_id: str) -> TrainingRun | None:
    return (
        await session.execute(
            select(TrainingRun).where(TrainingRun.id == run_id).execution_options(populate_existing=True)
        )
    ).scalar_one_or_none()


async def page(session: AsyncSession, *, before: str | None, limit: int) -> list[TrainingRun]:
    statement = select(TrainingRun).order_by(TrainingRun.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(TrainingRun.id < before)
    return list((await session.execute(statement)).scalars())


async def newest(session: AsyncSession, *states: RunState) -> TrainingRun | None:
    """The run in one of these states that was asked for last."""
    statement = select(TrainingRun).where(TrainingRun.state.in_(states)).order_by(TrainingRun.id.desc())
    return (await session.execute(statement.limit(1))).scalar_one_or_none()


async def newest_training(session: AsyncSession, *states: RunState) -> TrainingRun | None:
    """The same, of those that taught a model something: a recalibration moves cut-offs alone."""
    taught = TrainingRun.options["recalibrate"].as_boolean().is_not(True)
    statement = select(TrainingRun).where(TrainingRun.state.in_(states), taught)
    return (await session.execute(statement.order_by(TrainingRun.id.desc()).limit(1))).scalar_one_or_none()


async def newest_label(session: AsyncSession) -> str | None:
    return (await session.execute(select(func.max(Label.id)))).scalar_one()


async def count_labels(session: AsyncSession, *, learnt: TrainingRun | None) -> int:
    """Labels that count and that this run has not seen: given later, or accepted since it began. All of them without a run."""
    counts = (Label.state == LabelState.COUNTED, Label.withdrawn_at.is_(None))
    statement = select(func.count()).select_from(Label).where(*counts)
    if learnt is not None and learnt.newest_label is not None:
        since = learnt.started_at or learnt.created_at
        statement = statement.where(or_(Label.id > learnt.newest_label, Label.decided_at > since))
    return (await session.execute(statement)).scalar_one()


def end(run: TrainingRun, state: RunState, *, at: datetime, error: str | None = None) -> None:
    """Its slot is free then."""
    run.state, run.slot, run.ended_at, run.error = state, None, at, error


async def unused_folders(session: AsyncSession) -> list[str]:
    """Ids of checkpoints and snapshots that became part of no release, of the runs of late and their earlier attempts.

    Of a run that has not ended, the checkpoints stay: the next attempt takes over one that was finished.
    """
    columns = (
        TrainingRun.state,
        TrainingRun.slot,
        TrainingRun.checkpoint_id,
        TrainingRun.snapshot_id,
        TrainingRun.leftovers,
    )
    statement = select(*columns).order_by(TrainingRun.id.desc()).limit(SWEPT_RUNS)
    named: set[str] = set()
    for row in await session.execute(statement):
        named.update(id for id in row.leftovers if row.slot is None or not id.startswith("chk_"))
        if row.state in (RunState.REFUSED, RunState.FAILED, RunState.CANCELLED):
            named.update(id for id in (row.checkpoint_id, row.snapshot_id) if id is not None)
    for table in (Checkpoint, IndexSnapshot):
        known = await session.execute(select(table.id).where(table.id.in_(named)))
        named.difference_update(known.scalars())
    return sorted(named)
