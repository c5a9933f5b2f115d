"""Opens the database so that a commit, once acknowledged, survives a power cut."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bot.db.transactions import Transactions
from bot.private_files import make_private_file, make_private_folder

BUSY_TIMEOUT_MS = 10_000
POOL_SIZE = 8

T = TypeVar("T")


class Database:
    """One database and the ways into it.

    ``write()`` is one transaction: committed at the end, rolled back on any error. On SQLite it begins
    IMMEDIATE, since a transaction that reads first and writes later fails at once when another has written.
    ``read()`` sees one consistent state and never waits for a writer. ``quick`` is the same for short synchronous
    work, which it does with far less ado: the way of a message.
    """

    def __init__(self, engine: AsyncEngine, quick: Engine) -> None:
        self.engine = engine
        self._reading = engine.execution_options(**_reading_options(engine.dialect.name))
        reading = quick.execution_options(**_reading_options(quick.dialect.name))
        self.quick = Transactions(quick, reading=reading)

    @classmethod
    def open(cls, url: str) -> "Database":
        parsed = make_url(url)
        # What a statement was given is what customers wrote, which has no business in a log.
        options: dict[str, Any] = {
            "pool_size": POOL_SIZE,
            "max_overflow": POOL_SIZE,
            "hide_parameters": True,
        }
        if parsed.get_backend_name() == "sqlite":
            if parsed.database and parsed.database != ":memory:":
                make_private_folder(Path(parsed.database).parent)
            options["connect_args"] = {"timeout": BUSY_TIMEOUT_MS / 1000}
        else:
            options["pool_pre_ping"] = True
        engine = create_async_engine(url, **options)
        quick = create_engine(_synchronous(parsed), **options)
        if engine.dialect.name == "sqlite":
            for each in (engine.sync_engine, quick):
                event.listen(each, "do_connect", _make_sqlite_file)
                event.listen(each, "connect", _prepare_sqlite_connection)
                event.listen(each, "begin", _begin_sqlite_transaction)
            event.listen(engine.sync_engine, "invalidate", _end_sqlite_transaction)
        return cls(engine, quick)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        async with AsyncSession(self._reading, expire_on_commit=False) as session:
            yield session

    async def read_apart(self, work: Callable[[AsyncSession], Coroutine[Any, Any, T]]) -> T:
        """Reads in a thread with an event loop of its own: for what reads so many rows that all others would wait meanwhile."""

        async def read() -> T:
            database = Database.open(self.engine.url.render_as_string(hide_password=False))
            try:
                async with database.read() as session:
                    return await work(session)
            finally:
                await database.close()

        return await asyncio.to_thread(lambda: asyncio.run(read()))

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """A bare writing transaction, for the few statements that should cost no more than they must."""
        async with self.engine.begin() as connection:
            yield connection

    async def close(self) -> None:
        await asyncio.to_thread(self.quick.close)
        await self.engine.dispose()


def _synchronous(url: URL) -> URL:
    """The same database through its synchronous driver; psycopg is both."""
    return url.set(drivername="sqlite") if url.get_backend_name() == "sqlite" else url


def _reading_options(dialect: str) -> dict[str, Any]:
    if dialect == "postgresql":
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return {"kefu_reading": True}


def _make_sqlite_file(_: Dialect, __: ConnectionPoolEntry, arguments: list[Any], ___: Any) -> None:
    """SQLite would make it readable by everybody; its log and shared memory get the rights the file has."""
    name = str(arguments[0])
    if name != ":memory:" and not name.startswith("file:"):
        make_private_file(Path(name))


def _prepare_sqlite_connection(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    # In WAL mode, NORMAL may lose acknowledged commits at power loss (sqlite.org/pragma.html).
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA temp_store = MEMORY")
    cursor.close()


def _begin_sqlite_transaction(connection: Connection) -> None:
    reading = connection.get_execution_options().get("kefu_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _end_sqlite_transaction(
    connection: DBAPIConnection, _: ConnectionPoolEntry, __: BaseException | None
) -> None:
    """Before the connection of a cancelled task is closed, for closing alone would keep the database locked.

    SQLite really closes a connection only once its last cursor is gone (sqlite.org/c3ref/close.html), and the traceback
    of the CancelledError holds one for as long as somebody handles that error.
    """
    connection.rollback()
