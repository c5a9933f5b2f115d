"""Starting, reading and ending experiments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import JsonObject, new_id, now
from bot.db.comparison_tables import Experiment, Exposure
from bot.errors import ConflictError, GateRefusedError, InvalidInputError, NotFoundError
from bot.experiments.judging import Estimate, Judged, judge
from bot.experiments.schemas import EstimateOut, ExperimentDetails, ExperimentOut, ExperimentWish
from bot.experiments.visitors import watch
from bot.knowledge.audit import record_audit
from bot.pagination import Page, cut
from bot.releases import gating
from bot.releases.comparisons import STOPPED, end_experiment
from bot.releases.deciding import check_not_rejected
from bot.releases.line_up import running_experiment
from bot.releases.repository import promoted
from bot.releases.service import find_whole

MADE_AT_ONCE = 2_000
"""Replies up to which figures are made for whoever looks."""
SLOW_MS = 500.0
"""A reply that takes longer is felt as a wait; the budget is a tenth of it."""


async def start(
    session: AsyncSession, wish: ExperimentWish, *, data_dir: Path, started_by: str
) -> ExperimentOut:
    """Shares the visitors between the release that speaks and another one.

    Raises:
        NotFoundError: there is no such release.
        InvalidInputError: it is one release twice.
        ConflictError: release_a does not speak, release_b was rejected, an experiment runs, or a release's folders are
            gone.
        GateRefusedError: the gate refused release_b, it has never spoken, and nobody forces it.
    """
    await find_whole(session, wish.release_a, data_dir=data_dir)
    tried = (await find_whole(session, wish.release_b, data_dir=data_dir)).release
    if wish.release_a == wish.release_b:
        raise InvalidInputError(f"{wish.release_a} can't be tried against itself")
    _, present = await promoted(session)
    if present is None or present.release.id != wish.release_a:
        raise ConflictError(f"release {wish.release_a} does not speak; A has to be the one that does")
    if await running_experiment(session) is not None:
        raise ConflictError("an experiment runs already; end it first: kefu releases split --end")
    check_not_rejected(tried)
    forced = gating.is_refused(tried)
    if forced and not wish.force:
        raise GateRefusedError(
            f"release {tried.id}: {' '.join(gating.refusals(tried))} Try it all the same with --force."
        )
    experiment = _begun(wish, started_by)
    session.add(experiment)
    await session.flush()
    details = {"a": wish.release_a, "b": wish.release_b, "share": wish.share} | (
        {"forced": True} if forced else {}
    )
    await record_audit(
        session, actor=started_by, action="experiment_start", target=experiment.id, details=details
    )
    return experiment_out(experiment)


def _begun(wish: ExperimentWish, started_by: str) -> Experiment:
    moment = now()
    return Experiment(
        id=new_id("xpr"),
        release_a=wish.release_a,
        release_b=wish.release_b,
        share=wish.share,
        running=True,
        started_by=started_by,
        started_at=moment,
        begins_at=moment + timedelta(seconds=wish.lead_s),
    )


async def end(session: AsyncSession, experiment_id: str | None, *, ended_by: str) -> ExperimentOut:
    """By a person; one that is over stays as it is. Raises NotFoundError; without an id, when none runs."""
    running = await running_experiment(session)
    if experiment_id is not None and (running is None or running.id != experiment_id):
        return experiment_out(await _found(session, experiment_id))
    reason = f"ended by {ended_by}"
    ended = await end_experiment(session, kind=STOPPED, reason=reason, ended_by=ended_by)
    if ended is None:
        raise NotFoundError("no experiment runs")
    return experiment_out(ended)


async def _found(session: AsyncSession, experiment_id: str | None) -> Experiment:
    newest = select(Experiment).order_by(Experiment.started_at.desc(), Experiment.id.desc()).limit(1)
    wanted = newest if experiment_id is None else select(Experiment).where(Experiment.id == experiment_id)
    experiment = (await session.execute(wanted)).scalar_one_or_none()
    if experiment is None:
        raise NotFoundError(f"no experiment {experiment_id!r}" if experiment_id else "no experiment yet")
    return experiment


async def show(session: AsyncSession, experiment_id: str | None, *, at: datetime) -> ExperimentDetails:
    """One experiment, or without an id the one that was started last. Raises NotFoundError.

    Its figures are made now, or where it is large were made when it was looked at last.
    """
    experiment = await _found(session, experiment_id)
    figures, figured_at = experiment.figures, experiment.figured_at
    if figures is None or figured_at is None or not await _is_large(session, experiment.id):
        connection = await session.connection()
        looked = await connection.run_sync(look_at, experiment, at=at)
        figures, figured_at = looked.figures(), at
    return ExperimentDetails(**experiment_out(experiment).model_dump(), **figures, figured_at=figured_at)


@dataclass(frozen=True)
class Looked:
    """What there is to see of an experiment."""

    waiting: int
    judged: Judged

    def figures(self) -> JsonObject:
        return {
            "visitors_a": self.judged.visitors_a,
            "visitors_b": self.judged.visitors_b,
            "visitors_waiting": self.waiting,
            "estimates": [_estimate_out(estimate).model_dump() for estimate in self.judged.estimates],
        }


def look_at(connection: Connection, experiment: Experiment, *, at: datetime) -> Looked:
    watched = watch(connection, experiment, at=at, slow_ms=SLOW_MS)
    return Looked(watched.waiting, judge(watched.shown, share=experiment.share))


async def to_look_at(session: AsyncSession) -> Sequence[Experiment]:
    """The one that runs, and those that have ended since they were looked at last."""
    ended = Experiment.figured_at.is_(None) | (Experiment.figured_at < Experiment.ended_at)
    return (
        (await session.execute(select(Experiment).where(Experiment.running.is_(True) | ended)))
        .scalars()
        .all()
    )


async def keep_figures(
    session: AsyncSession, experiment_id: str, figures: JsonObject, *, at: datetime
) -> None:
    change = update(Experiment).where(Experiment.id == experiment_id).values(figures=figures, figured_at=at)
    await session.execute(change.execution_options(synchronize_session=False))


async def _is_large(session: AsyncSession, experiment_id: str) -> bool:
    exposures = select(Exposure.exchange_id).where(Exposure.experiment_id == experiment_id)
    return (await session.execute(exposures.offset(MADE_AT_ONCE).limit(1))).first() is not None


async def page_of_experiments(
    session: AsyncSession, *, before: str | None, limit: int
) -> Page[ExperimentOut]:
    """The newest first."""
    statement = select(Experiment).order_by(Experiment.id.desc()).limit(limit + 1)
    if before is not None:
        statement = statement.where(Experiment.id < before)
    rows = (await session.execute(statement)).scalars().all()
    page, next_cursor = cut(rows, limit=limit, key=lambda row: row.id)
    return Page(items=[experiment_out(row) for row in page], next_cursor=next_cursor)


def experiment_out(experiment: Experiment) -> ExperimentOut:
    return ExperimentOut(
        id=experiment.id,
        release_a=experiment.release_a,
        release_b=experiment.release_b,
        share=experiment.share,
        running=bool(experiment.running),
        started_at=experiment.started_at,
        started_by=experiment.started_by,
        begins_at=experiment.begins_at,
        ended_at=experiment.ended_at,
        ended_by=experiment.ended_by,
        end_kind=experiment.end_kind,
        end_reason=experiment.end_reason,
    )


def _estimate_out(estimate: Estimate) -> EstimateOut:
    interval = estimate.difference
    return EstimateOut(
        metric=estimate.metric,
        mean_a=estimate.mean_a,
        mean_b=estimate.mean_b,
        difference=round(interval.estimate, 6),
        lower=round(interval.lower, 6),
        upper=round(interval.upper, 6),
        confidence=1 - estimate.alpha,
    )
