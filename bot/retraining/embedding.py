"""``kefu serve`` looks whether training is due and then starts ``kefu worker --once``, so that one command is enough.

A process of its own: nothing of the training is in the one that answers, and none waits in memory between two runs.
"""

import asyncio
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass

import structlog

from bot.db.base import now
from bot.db.engine import Database
from bot.retraining import triggers
from bot.settings import RetrainingSettings

LOOK_EVERY_S = 5.0
POLL_S = 0.5
GRACE_S = 4.0
LONGEST_PAUSE_S = 300.0
COMMAND = (sys.executable, "-m", "bot.cli", "worker", "--once", "--with-parent")

log = structlog.get_logger(__name__)


@dataclass
class EmbeddedWorker:
    database: Database
    settings: RetrainingSettings
    command: tuple[str, ...] = COMMAND
    look_every_s: float = LOOK_EVERY_S

    async def follow(self) -> None:
        """Until it is cancelled, which ends the worker, too; what it trained is put back for the next one."""
        pause = self.look_every_s
        while True:
            await asyncio.sleep(pause)
            try:
                if await self._is_waiting():
                    code = await self._run()
                    # A worker that fails at once would else be started again and again.
                    pause = self.look_every_s if code == 0 else min(2 * pause, LONGEST_PAUSE_S)
            except Exception as error:
                log.error("embedded_worker_failed", error=repr(error))

    async def _is_waiting(self) -> bool:
        async with self.database.read() as session:
            return await triggers.is_waiting(session, self.settings, moment=now())

    async def _run(self) -> int:
        child = _started(self.command)
        try:
            while child.poll() is None:  # noqa: ASYNC110  # a process sets no event
                await asyncio.sleep(POLL_S)
        finally:
            if child.stdin is not None:
                child.stdin.close()  # which tells it to end
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(child.wait, GRACE_S)
            if child.poll() is None:
                child.kill()
                await asyncio.to_thread(child.wait)
        return child.returncode


def _started(command: tuple[str, ...]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603  # no shell
