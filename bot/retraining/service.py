"""Asking for training runs, following and cancelling them. The training itself is done elsewhere (``worker``)."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import JsonObject, new_id
from bot.db.training_tables import RunState, RunTrigger, TrainingRun
from bot.errors import ConflictError, NotFoundError
from bot.knowledge.audit import record_audit
from bot.pagination import Page, cut
from bot.releases.reports import page_in, report_of
from bot.retraining import lease, repository
from bot.retraining.folders import log_path
from bot.retraining.log_files import last_lines
from bot.retraining.schemas import RunOptions, RunProgress, RunVerdict, TrainingRunOut
from bot.settings import Settings


async def request_run(
    session: AsyncSession,
    *,
    trigger: RunTrigger,
    requested_by: str,
    reason: str | None = None,
    options: RunOptions | None = None,
) -> tuple[TrainingRun, bool]:
    """The run, and whether it is new: while one waits or trains, every further wish joins it."""
    await lease.locked(session)  # puts wishes from all processes in one order
    present = await repository.active(session)
    if present is not None:
        return present, False
    id = new_id("trn")
    run = TrainingRun(
        id=id,
        trigger=trigger,
        reason=reason,
        requested_by=requested_by,
        state=RunState.QUEUED,
        slot=1,
        options=(options or RunOptions()).model_dump(),
        log_path=log_path(id),
    )
    session.add(run)
    details = {"trigger": trigger, "reason": reason}
    await record_audit(session, actor=requested_by, action="request_training", target=id, details=details)
    await session.flush()
    return run, True


async def cancel_run(session: AsyncSession, run_id: str, *, cancelled_by: str) -> TrainingRun:
    """Ends a waiting run at once; one that trains is ended by its process within seconds.

    Raises:
        NotFoundError: there is no such run.
        ConflictError: it has ended already.
    """
    row = await lease.locked(session)
    run = await find(session, run_id)
    if run.slot is None:
        raise ConflictError(f"training run {run_id} has ended already: it is {run.state}")
    run.cancel_requested = True
    if await lease.is_free(session, row):  # nobody trains it, or whoever did is gone
        lease.revoke(row)
        repository.end(run, RunState.CANCELLED, at=await lease.database_time(session))
    await record_audit(session, actor=cancelled_by, action="cancel_training", target=run_id)
    await session.flush()
    return run


async def find(session: AsyncSession, run_id: str) -> TrainingRun:
    run = await repository.get(session, run_id)
    if run is None:
        raise NotFoundError(f"no training run {run_id!r}; see: kefu runs list, or GET /v1/training-runs")
    return run


async def page_of_runs(
    session: AsyncSession, settings: Settings, *, before: str | None, limit: int
) -> Page[TrainingRunOut]:
    """The newest first, from the cursor's run on."""
    rows = await repository.page(session, before=before, limit=limit + 1)
    shown, next_cursor = cut(rows, limit=limit, key=lambda row: row.id)
    return Page(items=[run_out(row, settings) for row in shown], next_cursor=next_cursor)


async def read_log(session: AsyncSession, settings: Settings, run_id: str, *, lines: int) -> Sequence[str]:
    """The last lines of what it said; none while it waits. Raises NotFoundError."""
    return last_lines(await log_file(session, settings, run_id), lines)


async def log_file(session: AsyncSession, settings: Settings, run_id: str) -> Path:
    """Where it is or will be. Raises NotFoundError."""
    return settings.data_dir / (await find(session, run_id)).log_path


def _verdict_out(verdict: JsonObject) -> RunVerdict:
    return RunVerdict(
        passed=verdict["passed"], reasons=verdict["reasons"], not_compared=verdict.get("not_compared")
    )


def run_out(run: TrainingRun, settings: Settings) -> TrainingRunOut:
    report = page_in(report_of(settings, run.checkpoint_id)) if run.checkpoint_id else None
    return TrainingRunOut(
        id=run.id,
        state=RunState(run.state),
        trigger=RunTrigger(run.trigger),
        reason=run.reason,
        requested_by=run.requested_by,
        cancel_requested=run.cancel_requested,
        attempts=run.attempts,
        progress=RunProgress.model_validate(run.progress) if run.progress else None,
        revision=run.revision,
        checkpoint_id=run.checkpoint_id,
        release_id=run.release_id,
        report=run.report_path or (str(report) if report else None),
        verdict=_verdict_out(run.verdict) if run.verdict else None,
        error=run.error,
        created_at=run.created_at,
        started_at=run.started_at,
        heartbeat_at=run.heartbeat_at,
        ended_at=run.ended_at,
    )
