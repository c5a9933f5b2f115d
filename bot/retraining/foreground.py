"""Training while somebody waits for it: the same run, lease and steps as a worker's."""

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.engine import Database
from bot.db.training_tables import RunState, RunTrigger, TrainingRun
from bot.errors import ConflictError
from bot.releases.reports import page_in, report_of
from bot.retraining import lease as leases
from bot.retraining import repository, service
from bot.retraining.children import INSTALL_REMEDY, TrainingFailedError, can_train
from bot.retraining.claiming import Claim, claim_in
from bot.retraining.holders import process_name, spoken
from bot.retraining.schemas import RunOptions
from bot.settings import Settings


async def claim_now(
    database: Database, settings: Settings, *, options: RunOptions, requested_by: str
) -> Claim:
    """A run for this process to train at once: a new one, or the one that waits, in the way that is wanted here.

    Raises:
        ConflictError: another process trains, or this installation can only serve.
    """
    if not can_train():
        raise ConflictError(INSTALL_REMEDY)
    while True:
        async with database.write() as session:
            await service.request_run(
                session, trigger=RunTrigger.MANUAL, requested_by=requested_by, options=options
            )
            claimed = await claim_in(
                session, holder=process_name(), length=settings.retraining.lease, options=options
            )
            if claimed is not None:
                return claimed
            present = await repository.active(session)
            if present is not None:
                raise ConflictError(await _busy(session, present))
        # The run that waited was only fit to be ended; the next one is ours.


def release_of(run: TrainingRun, state: RunState | None) -> str:
    """The id of the release that a run has made, refused or not; raises the error that fits when there is none."""
    if state in (RunState.DONE, RunState.REFUSED) and run.release_id is not None:
        return run.release_id
    if state is RunState.CANCELLED:
        raise ConflictError(f"training run {run.id} was cancelled")
    if state is None:
        raise ConflictError(
            f"training run {run.id} was taken over by another process; see: kefu runs show {run.id}"
        )
    raise TrainingFailedError(run.error or f"training run {run.id} is {run.state}")


def report_page(settings: Settings, run: TrainingRun) -> Path | None:
    if run.report_path:
        return Path(run.report_path)
    return page_in(report_of(settings, run.checkpoint_id)) if run.checkpoint_id else None


async def _busy(session: AsyncSession, run: TrainingRun) -> str:
    row = await leases.locked(session)
    moment = await leases.database_time(session)
    heard = (moment - run.heartbeat_at).total_seconds() if run.heartbeat_at else 0
    left = (row.expires_at - moment).total_seconds() if row.expires_at else 0
    return (
        f"{spoken(row.holder or '')} is training {run.id} (last heard of {heard:.0f} s ago). Follow it: kefu runs log "
        f"{run.id} --follow; end it: kefu runs cancel {run.id}. If that process is gone, try again in {max(left, 1):.0f} s"
    )
