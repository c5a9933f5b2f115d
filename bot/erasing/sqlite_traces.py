"""Makes deleted words unreadable in the SQLite file itself.

SQLite leaves deleted rows in freed pages and in the write-ahead log, and moving rows about leaves copies in the slack
of pages that ``secure_delete`` never overwrites (sqlite.org/pragma.html#pragma_secure_delete speaks of deleted content
only). So the whole file is written anew, then the log is emptied into it and cut to nothing.
"""

import asyncio
import sqlite3
from contextlib import closing

from bot.db.engine import BUSY_TIMEOUT_MS, Database


async def scrub(database: Database) -> bool:
    """Returns whether it worked: another process that reads or writes all the time may prevent it."""
    file = database.engine.url.database
    assert file, "a SQLite database that is a file"
    return await asyncio.to_thread(_scrub, file)


def _scrub(file: str) -> bool:
    try:
        with closing(
            sqlite3.connect(file, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)
        ) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("VACUUM")
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
    except sqlite3.OperationalError:  # locked all the time, or no space for the second file
        return False
