"""Ending what compares releases: by hand, by itself, or because a release is promoted or rejected."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import JsonObject, now
from bot.db.comparison_tables import Experiment, ShadowRun
from bot.knowledge.audit import record_audit
from bot.releases.line_up import running_experiment, running_shadow

STOPPED, DECIDED, GUARDED, PROMOTED, BROKEN = "stopped", "decided", "guarded", "promoted", "broken"
REJECTED = "rejected"
"""Kinds of ends: by a person, by the numbers, by a guardrail, by a promotion, by a release that can't be loaded, by a rejection."""


async def end_shadow(session: AsyncSession, *, ended_by: str) -> ShadowRun | None:
    """None when no shadow runs."""
    running = select(ShadowRun).where(ShadowRun.running.is_(True)).with_for_update()
    run = (await session.execute(running)).scalar_one_or_none()
    if run is None:
        return None
    run.running, run.ended_by, run.ended_at = None, ended_by, now()
    await session.flush()
    await record_audit(session, actor=ended_by, action="shadow_off", target=run.release_id)
    return run


async def end_experiment(
    session: AsyncSession, *, kind: str, reason: str, ended_by: str, figures: JsonObject | None = None
) -> Experiment | None:
    """Everybody gets the promoted release again. None when no experiment runs, so that two who end it end it once."""
    running = select(Experiment).where(Experiment.running.is_(True)).with_for_update()
    experiment = (await session.execute(running)).scalar_one_or_none()
    if experiment is None:
        return None
    experiment.running, experiment.ended_by, experiment.ended_at = None, ended_by, now()
    experiment.end_kind, experiment.end_reason = kind, reason
    await session.flush()
    await record_audit(
        session,
        actor=ended_by,
        action="experiment_end",
        target=experiment.id,
        details={"kind": kind, "reason": reason, **(figures or {})},
    )
    return experiment


async def make_way(session: AsyncSession, release_id: str, *, promoted_by: str) -> None:
    """Before a release is promoted: an experiment ends, and the shadow if it is this release."""
    reason = f"{release_id} was promoted by {promoted_by}"
    await end_experiment(session, kind=PROMOTED, reason=reason, ended_by=promoted_by)
    await _end_shadow_of(session, release_id, ended_by=promoted_by)


async def end_trials_of(session: AsyncSession, release_id: str, *, rejected_by: str) -> None:
    """A rejected release answers nobody from now on: an experiment with it ends, and so does the shadow if it is this release."""
    experiment = await running_experiment(session)
    if experiment is not None and release_id in (experiment.release_a, experiment.release_b):
        reason = f"{release_id} was rejected by {rejected_by}"
        await end_experiment(session, kind=REJECTED, reason=reason, ended_by=rejected_by)
    await _end_shadow_of(session, release_id, ended_by=rejected_by)


async def _end_shadow_of(session: AsyncSession, release_id: str, *, ended_by: str) -> None:
    run = await running_shadow(session)
    if run is not None and run.release_id == release_id:
        await end_shadow(session, ended_by=ended_by)
