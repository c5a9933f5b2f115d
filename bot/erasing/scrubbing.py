"""Rewrites the SQLite file after visitors have deleted conversations: soon, but not once for each of them.

Their rows are gone when they are told so. What is left in freed pages and in the log goes with the rewriting, which keeps
writers waiting meanwhile; so whatever is deleted within ten minutes of one waits for the next one.
"""

import asyncio

import structlog

from bot.db.engine import Database
from bot.erasing.sqlite_traces import scrub

PAUSE_S = 600
log = structlog.get_logger(__name__)


class Scrubbing:
    """One of a process. PostgreSQL frees rows when it vacuums; there it does nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wanted = asyncio.Event()

    def ask(self) -> None:
        if self._database.engine.dialect.name == "sqlite":
            self._wanted.set()

    async def run(self) -> None:
        while True:
            await self._wanted.wait()
            await self._scrub()
            await asyncio.sleep(PAUSE_S)

    async def finish(self) -> None:
        """Does what is still to be done, before the process ends."""
        if self._wanted.is_set():
            await self._scrub()

    async def _scrub(self) -> None:
        self._wanted.clear()
        if not await scrub(self._database):
            self._wanted.set()
            log.warning(
                "deleted_words_not_scrubbed", remedy="tried again in ten minutes; or stop Kefu and VACUUM"
            )
