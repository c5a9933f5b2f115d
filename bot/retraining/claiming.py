"""Taking the lease together with the run that is to be trained: in one transaction, or not at all."""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import new_id
from bot.db.engine import Database
from bot.db.training_tables import RunState, TrainingRun
from bot.retraining import lease as leases
from bot.retraining import repository
from bot.retraining.lease import Lease
from bot.retraining.schemas import RunOptions

MOST_ATTEMPTS = 3
"""A run that took its process with it so often is given up: it may be the reason."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Claim:
    """A run that this process may train. ``earlier`` are checkpoints that attempts before may have finished."""

    lease: Lease
    run_id: str
    log_path: str
    requested_by: str
    options: RunOptions
    checkpoint_id: str
    snapshot_id: str
    earlier: tuple[str, ...]


async def claim(
    database: Database, *, holder: str, length: timedelta, options: RunOptions | None = None
) -> Claim | None:
    """The waiting run, or one whose process is gone; None when there is none or somebody trains.

    With `options` it is trained in that way, whatever was wished when it was asked for.
    """
    async with database.write() as session:
        return await claim_in(session, holder=holder, length=length, options=options)


async def claim_in(
    session: AsyncSession, *, holder: str, length: timedelta, options: RunOptions | None = None
) -> Claim | None:
    """As `claim`, in a transaction that is open."""
    row = await leases.locked(session)
    run = await repository.active(session)
    if run is None or not await leases.is_free(session, row):
        return None
    if run.cancel_requested:
        leases.revoke(row)
        repository.end(run, RunState.CANCELLED, at=await leases.database_time(session))
        return None
    if run.attempts >= MOST_ATTEMPTS:
        leases.revoke(row)
        repository.end(run, RunState.FAILED, at=await leases.database_time(session), error=_given_up(run))
        log.error("training_given_up", run=run.id, attempts=run.attempts)
        return None
    lease = await leases.take(session, holder=holder, length=length)
    assert lease is not None, "it was free, and its row is locked"
    return await _begun(session, run, lease, options)


async def _begun(session: AsyncSession, run: TrainingRun, lease: Lease, options: RunOptions | None) -> Claim:
    """New folders for every attempt: a process that lost its lease may still be writing into the earlier ones."""
    moment = await leases.database_time(session)
    earlier = [id for id in (run.checkpoint_id, run.snapshot_id) if id is not None]
    run.leftovers = [*run.leftovers, *earlier]
    run.checkpoint_id, run.snapshot_id = new_id("chk"), new_id("snp")
    run.state, run.attempts, run.progress = RunState.RUNNING, run.attempts + 1, {}
    run.started_at, run.heartbeat_at = run.started_at or moment, moment
    if options is not None:
        run.options = options.model_dump()
    await session.flush()
    return Claim(
        lease=lease,
        run_id=run.id,
        log_path=run.log_path,
        requested_by=run.requested_by,
        options=RunOptions.model_validate(run.options),
        checkpoint_id=run.checkpoint_id,
        snapshot_id=run.snapshot_id,
        earlier=tuple(id for id in run.leftovers if id.startswith("chk_")),
    )


def _given_up(run: TrainingRun) -> str:
    return (
        f"begun {run.attempts} times, and each time its process ended without a word: killed, out of memory, or the "
        "machine went down. See its log and that of the system, then ask for another run"
    )
