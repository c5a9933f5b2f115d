"""One run from claim to outcome, by a worker or by ``kefu train``."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.db.engine import Database
from bot.db.training_tables import RunState
from bot.errors import KefuError
from bot.private_files import make_private_folder
from bot.retraining import folders, outcome
from bot.retraining.children import MODULE, Children
from bot.retraining.claiming import Claim
from bot.retraining.heart import CancelRequestedError, Heart
from bot.retraining.lease import LeaseLostError
from bot.retraining.making import Made, in_thread, make_candidate
from bot.settings import Settings
from retrieval.errors import RetrievalError

log = structlog.get_logger(__name__)


def unwatched(_: Mapping[str, Any]) -> None:
    """For runs that nobody sits in front of."""


@dataclass(frozen=True)
class Trainer:
    """``told`` gets the progress; ``module`` is what trains, another one in tests only.

    ``stopped`` is what becomes of a run whose process is told to stop: a worker puts it back for the next one, whoever
    sits in front of ``kefu train`` and ends it wants no more of it.
    """

    database: Database
    settings: Settings
    told: Callable[[Mapping[str, Any]], None] = unwatched
    module: str = MODULE
    stopped: Callable[[Database, Claim], Awaitable[None]] = outcome.put_back

    async def train(self, claim: Claim) -> RunState | None:
        """What became of the run; None when it is another's by now."""
        heart = Heart(self.database, claim, length=self.settings.retraining.lease)
        try:
            made = await heart.beat_during(self._made(claim, heart))
            state: RunState | None = await outcome.finish(self.database, self.settings, claim, made)
        except LeaseLostError as error:
            state = None
            self._lost(claim, error)
        except CancelRequestedError:
            state = await self._written(claim, RunState.CANCELLED, outcome.cancel(self.database, claim))
        except asyncio.CancelledError:
            await self._written(claim, RunState.QUEUED, self.stopped(self.database, claim))
            raise
        except (KefuError, RetrievalError, OSError) as error:
            state = await self._failed(claim, error.detail if isinstance(error, KefuError) else str(error))
        except Exception as error:
            await self._failed(claim, f"unexpected: {error!r}")
            raise
        finally:
            folders.remove_inputs(self.settings, claim.checkpoint_id)
            await self._sweep()
        return state

    async def _made(self, claim: Claim, heart: Heart) -> Made:
        folders.make_folders(self.settings)
        await outcome.sweep(self.database, self.settings)
        await in_thread(lambda: folders.sweep_training(self.settings))

        def told(progress: Mapping[str, Any]) -> None:
            heart.progress = progress
            self.told(progress)

        def step(stage: str, done: int, total: int) -> None:
            told({"stage": stage, "done": done, "total": total, "loss": None, "seconds_left": None})

        temporary = folders.temporary_folder(self.settings, claim.checkpoint_id)
        make_private_folder(temporary)
        children = Children(
            self.settings,
            log=self.settings.data_dir / claim.log_path,
            progress=folders.progress_file(self.settings, claim.run_id),
            temporary=temporary,
            told=told,
            module=self.module,
        )
        return await make_candidate(self.database, self.settings, claim, children=children, step=step)

    async def _sweep(self) -> None:
        """Whatever became of the run; what cannot be swept now is swept by the next one."""
        try:
            await outcome.sweep(self.database, self.settings)
        except (SQLAlchemyError, OSError) as error:
            log.warning("leftovers_not_swept", error=repr(error))

    async def _failed(self, claim: Claim, error: str) -> RunState | None:
        log.error("training_failed", run=claim.run_id, error=error)
        return await self._written(claim, RunState.FAILED, outcome.fail(self.database, claim, error))

    async def _written(self, claim: Claim, state: RunState, writing: Awaitable[None]) -> RunState | None:
        try:
            await writing
        except LeaseLostError as error:
            self._lost(claim, error)
            return None
        return state

    def _lost(self, claim: Claim, error: LeaseLostError) -> None:
        """Another process has the run: only what this one has made goes, which nobody else uses."""
        log.warning("training_lost", run=claim.run_id, error=error.detail)
        with suppress(OSError):
            folders.remove_folders(self.settings, (claim.checkpoint_id, claim.snapshot_id))
