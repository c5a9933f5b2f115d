"""Short pieces of synchronous work, each in a transaction, off the event loop.

A message costs some ten statements. Through the asynchronous engine each of them changes threads twice; here all of
them together do. SQLite has one writer at a time anyway, so its writes have one thread, and those that wait for it at
the same moment are committed together (group commit: DeWitt et al. 1984, "Implementation Techniques for Main Memory
Database Systems", section 5): one sync of the disk for all, and nobody is answered before it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection as Connection
from sqlalchemy import Engine

LARGEST_GROUP = 32
READERS = 2
POSTGRES_WRITERS = 8

T = TypeVar("T")
Work = Callable[[Connection], T]
"""Must have no effect but on the database: it is done again where another one of its group fails."""


class Transactions:
    """Reads and writes of one database on threads of their own."""

    def __init__(self, engine: Engine, *, reading: Engine) -> None:
        self.engine = engine
        self._reading = reading
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._writer: _Writer = (
            _GroupWriter(engine) if engine.dialect.name == "sqlite" else _PooledWriter(engine)
        )

    async def read(self, work: Work[T]) -> T:
        """What `work` returns; it sees one consistent state."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    async def write(self, work: Work[T]) -> T:
        """What `work` returns, once it is committed; rolled back on any error."""
        result: T = await asyncio.wrap_future(self._writer.submit(work))
        return result

    def close(self) -> None:
        """Ends after what was begun."""
        self._readers.shutdown()
        self._writer.close()
        self.engine.dispose()

    def _read(self, work: Work[T]) -> T:
        with self._reading.connect() as connection:
            return work(connection)


class _Writer(Protocol):
    def submit(self, work: Work[Any]) -> Future[Any]: ...

    def close(self) -> None: ...


class _PooledWriter:
    """Each transaction by itself, some at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(POSTGRES_WRITERS, thread_name_prefix="writer")

    def submit(self, work: Work[Any]) -> Future[Any]:
        return self._threads.submit(_in_transaction, self._engine, work)

    def close(self) -> None:
        self._threads.shutdown()


@dataclass(frozen=True, slots=True)
class _Write:
    work: Work[Any]
    done: Future[Any] = field(default_factory=Future)


class _GroupWriter:
    """One thread. Of a group of which a part fails nothing is kept; then each is done in its own transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: deque[_Write] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")

    def submit(self, work: Work[Any]) -> Future[Any]:
        write = _Write(work)
        self._waiting.append(write)
        self._thread.submit(self._write_group)
        return write.done

    def close(self) -> None:
        self._thread.shutdown()

    def _write_group(self) -> None:
        taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_GROUP))]
        group = [write for write in taken if write.done.set_running_or_notify_cancel()]
        if len(group) > 1:
            try:
                results = _in_transaction(self._engine, lambda c: [write.work(c) for write in group])
            except Exception:  # noqa: S110 - whose fault it is shows when each is alone
                pass
            else:
                for write, result in zip(group, results, strict=True):
                    write.done.set_result(result)
                return
        for write in group:
            try:
                write.done.set_result(_in_transaction(self._engine, write.work))
            except BaseException as error:
                write.done.set_exception(error)


def _in_transaction(engine: Engine, work: Work[T]) -> T:
    with engine.begin() as connection:
        return work(connection)
