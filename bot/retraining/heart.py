"""Keeps the lease while work goes on, tells the database how far it is, and ends the work when it has to end."""

import asyncio
import time
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.db.engine import Database
from bot.retraining import lease as leases
from bot.retraining import repository
from bot.retraining.claiming import Claim
from bot.retraining.lease import LeaseLostError

BEAT_EVERY_S = 2.0
BEATS_A_LEASE = 5

T = TypeVar("T")
log = structlog.get_logger(__name__)


class CancelRequestedError(Exception):
    """Somebody wants the run to end."""


class Heart:
    """``progress`` is written with the next beat."""

    def __init__(self, database: Database, claim: Claim, *, length: timedelta) -> None:
        self.progress: Mapping[str, Any] = {}
        self._database = database
        self._claim = claim
        self._length = length
        self._why: Exception | None = None

    async def beat_during(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns.

        Raises:
            CancelRequestedError, LeaseLostError: then the work was cancelled.
        """
        task = asyncio.create_task(work)
        beating = asyncio.create_task(self._beat(task))
        try:
            return await task
        except asyncio.CancelledError:
            if self._why is not None:
                raise self._why from None
            raise
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)

    async def _beat(self, work: "asyncio.Task[Any]") -> None:
        renewed = time.monotonic()
        while True:
            await asyncio.sleep(min(BEAT_EVERY_S, self._length.total_seconds() / BEATS_A_LEASE))
            try:
                await self._renew()
                renewed = time.monotonic()
            except (CancelRequestedError, LeaseLostError) as why:
                self._why = why
            except (SQLAlchemyError, OSError) as error:  # a busy or restarted database
                log.warning("heartbeat_missed", run=self._claim.run_id, error=repr(error))
                if time.monotonic() - renewed > self._length.total_seconds():
                    self._why = LeaseLostError(
                        "the database could not be reached for as long as the lease lasts"
                    )
            if self._why is not None:
                work.cancel()
                return

    async def _renew(self) -> None:
        async with self._database.write() as session:
            await leases.renew(session, self._claim.lease, length=self._length)
            run = await repository.get(session, self._claim.run_id)
            assert run is not None, "runs are not deleted"
            run.heartbeat_at, run.progress = await leases.database_time(session), dict(self.progress)
            if run.cancel_requested:
                raise CancelRequestedError
