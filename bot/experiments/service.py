"""Starting, reading and ending experiments."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import new_id, now
from bot.db.comparison_tables import Experiment
from bot.errors import ConflictError, GateRefusedError, InvalidInputError, NotFoundError
from bot.experiments.judging import Estimate, Judged, judge
from bot.experiments.schemas import EstimateOut, ExperimentDetails, ExperimentOut, ExperimentWish
from bot.experiments.visitors import Watched, watch
from bot.knowledge.audit import record_audit
from bot.pagination import Page, cut
from bot.releases import gating
from bot.releases.comparisons import STOPPED, end_experiment
from bot.releases.deciding import check_not_rejected
from bot.releases.line_up import running_experiment
from bot.releases.repository import promoted
from bot.releases.service import find_whole

SLOW_MS = 500.0
"""A reply that takes longer is felt as a wait; the budget is a tenth of it."""


async def start(session: AsyncSession, wish: ExperimentWish, *, started_by: str) -> ExperimentOut:
    """Shares the visitors between the release that speaks and another one.

    Raises:
        NotFoundError: there is no such release.
        InvalidInputError: it is one release twice.
        ConflictError: release_a does not speak, release_b was rejected, an experiment runs, or a release's folders were
            removed.
        GateRefusedError: the gate refused release_b, it has never spoken, and nobody forces it.
    """
    await find_whole(session, wish.release_a)
    tried = (await find_whole(session, wish.release_b)).release
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
    """One experiment, or without an id the one that was started last. Raises NotFoundError."""
    experiment = await _found(session, experiment_id)
    watched, judged = await judged_now(session, experiment, at=at)
    return ExperimentDetails(
        **experiment_out(experiment).model_dump(),
        visitors_a=judged.visitors_a,
        visitors_b=judged.visitors_b,
        visitors_waiting=watched.waiting,
        estimates=[_estimate_out(estimate) for estimate in judged.estimates],
    )


async def judged_now(
    session: AsyncSession, experiment: Experiment, *, at: datetime
) -> tuple[Watched, Judged]:
    watched = await watch(session, experiment, at=at, slow_ms=SLOW_MS)
    return watched, await asyncio.to_thread(judge, watched.shown, share=experiment.share)


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
