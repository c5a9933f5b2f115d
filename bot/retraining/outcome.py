"""What becomes of a run: one transaction that writes it all while the lease is ours, or nothing."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.engine import Database
from bot.db.training_tables import RunState, TrainingRun
from bot.releases import repository as releases
from bot.releases import service as release_service
from bot.releases.reports import page_in, report_of
from bot.retraining import folders, repository
from bot.retraining import lease as leases
from bot.retraining.claiming import Claim
from bot.retraining.lease import writing
from bot.retraining.making import Made
from bot.settings import Settings


async def finish(database: Database, settings: Settings, claim: Claim, made: Made) -> RunState:
    """Makes the candidate a release with the gate's verdict, unless somebody wanted the run to end meanwhile.

    Raises:
        LeaseLostError: nothing was written.
    """
    async with writing(database, claim.lease) as session:
        run = await _run(session, claim)
        moment = await leases.database_time(session)
        verdict = made.verdict
        run.verdict = {
            "passed": verdict.passed,
            "reasons": list(verdict.reasons),
            "not_compared": verdict.not_compared,
        }
        report = page_in(report_of(settings, claim.checkpoint_id))
        run.report_path = str(report) if report else None
        run.progress = {}
        if run.cancel_requested:
            repository.end(run, RunState.CANCELLED, at=moment)
        else:
            await _release(session, settings, run, made)
            error = None if verdict.passed else "; ".join(verdict.reasons)
            repository.end(run, RunState.DONE if verdict.passed else RunState.REFUSED, at=moment, error=error)
        await leases.give_back(session, claim.lease)
        return RunState(run.state)


async def fail(database: Database, claim: Claim, error: str) -> None:
    """Raises LeaseLostError."""
    await _end(database, claim, RunState.FAILED, error=error)


async def cancel(database: Database, claim: Claim) -> None:
    """Raises LeaseLostError."""
    await _end(database, claim, RunState.CANCELLED)


async def put_back(database: Database, claim: Claim) -> None:
    """Lets another process go on with it: this one has to end, which is no fault of the run. Raises LeaseLostError."""
    async with writing(database, claim.lease) as session:
        run = await _run(session, claim)
        run.state, run.attempts, run.progress = RunState.QUEUED, run.attempts - 1, {}
        await leases.give_back(session, claim.lease)


async def sweep(database: Database, settings: Settings) -> None:
    """Takes away the checkpoints and snapshots that ended runs and earlier attempts left behind."""
    async with database.read() as session:
        unused = await repository.unused_folders(session)
    await asyncio.to_thread(folders.remove_folders, settings, unused)


async def _end(database: Database, claim: Claim, state: RunState, *, error: str | None = None) -> None:
    async with writing(database, claim.lease) as session:
        run = await _run(session, claim)
        run.progress = {}
        repository.end(run, state, at=await leases.database_time(session), error=error)
        await leases.give_back(session, claim.lease)


async def _run(session: AsyncSession, claim: Claim) -> TrainingRun:
    run = await repository.get(session, claim.run_id)
    assert run is not None, "runs are not deleted"
    return run


async def _release(session: AsyncSession, settings: Settings, run: TrainingRun, made: Made) -> None:
    """Promoted where the gate has let it pass, and a person or the setting wishes it."""
    made.parts.release.gate = made.verdict.kept
    await releases.add(session, made.parts)
    run.release_id = made.parts.release.id
    wished = bool(run.options.get("promote"))
    await release_service.promote_if_passed(
        session,
        run.release_id,
        settings,
        wished=wished,
        promoted_by=run.requested_by if wished else "gate",
    )
