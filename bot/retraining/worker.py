"""The loop of ``kefu worker``: what is due becomes a run, what waits is trained, one at a time over all workers."""

import asyncio
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.db.base import now
from bot.db.engine import Database
from bot.db.training_tables import RunState
from bot.retraining import service, triggers
from bot.retraining.claiming import claim
from bot.retraining.training_one import Trainer
from bot.settings import Settings

LOOK_EVERY_S = 2.0
ACTOR = "worker"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Worker:
    """``holder`` is the name of this process; see `holders`."""

    trainer: Trainer
    holder: str

    @property
    def _database(self) -> Database:
        return self.trainer.database

    @property
    def _settings(self) -> Settings:
        return self.trainer.settings

    async def work_once(self) -> tuple[str, RunState | None] | None:
        """The run that was trained and what became of it; None when there was nothing to do, or another process trains."""
        if not await self._is_something_to_do():
            return None
        claimed = await claim(self._database, holder=self.holder, length=self._settings.retraining.lease)
        if claimed is None:
            return None
        log.info("training_begins", run=claimed.run_id, token=claimed.lease.token)
        state = await self.trainer.train(claimed)
        log.info("training_ended", run=claimed.run_id, state=state)
        return claimed.run_id, state

    async def work(self) -> None:
        """Until it is cancelled. A fault is logged, and work goes on with what comes next."""
        while True:
            try:
                if await self.work_once() is not None:
                    continue
            except (SQLAlchemyError, OSError) as error:  # a busy or restarted database, a full disk
                log.error("worker_failed", error=repr(error))
            except Exception as error:
                log.error("worker_failed", exc_info=error)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _is_something_to_do(self) -> bool:
        """A read as long as there is not: nobody else has to wait for it."""
        async with self._database.read() as session:
            if not await triggers.is_waiting(session, self._settings.retraining, moment=now()):
                return False
        async with self._database.write() as session:
            found = await triggers.due(session, self._settings.retraining, moment=now())
            if found is not None:
                await service.request_run(
                    session, trigger=found.trigger, requested_by=ACTOR, reason=found.reason
                )
        return True
