"""How commands talk: tables and sentences for people on stdout, JSON with ``--json``, progress and errors on stderr."""

import asyncio
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table
from sqlalchemy.exc import DBAPIError

from bot.db.engine import Database
from bot.db.migrating import require_schema
from bot.errors import KefuError
from bot.json_bytes import json_text
from bot.settings import Settings
from retrieval.errors import RetrievalError

# What is in square brackets stays as it is, unless a print says markup=True: most texts are other people's.
out = Console(highlight=False, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, markup=False, emoji=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON")]
T = TypeVar("T")

TERMINATED, INTERRUPTED = 128 + signal.SIGTERM, 128 + signal.SIGINT
"""The exit codes that a shell gives to whatever SIGTERM or Ctrl-C has ended."""


class TerminatedError(BaseException):
    """SIGTERM came, as from `kill`, systemd or docker. Like KeyboardInterrupt, nothing takes it for a failure."""


def listing(*headings: str, whole: str = "id") -> Table:
    """A table that fits into 80 columns: the one called `whole` is never broken, so that it can be copied; others wrap.

    With an id of 36 characters there is room for one column of words; what else is to be said goes below them (`below`).
    """
    columns = [
        Column(name, no_wrap=name == whole, overflow="fold", min_width=max(map(cell_len, name.split())))
        for name in headings
    ]
    return Table(*columns, box=SIMPLE_HEAD, pad_edge=False)


def below(words: str, *facts: str) -> str:
    """Words and, in a line of its own, facts about them; empty ones are left out."""
    return f"{words}\n{', '.join(fact for fact in facts if fact)}"


def print_json(value: Any) -> None:
    """One line of JSON on stdout, untouched by colours and wrapping."""
    sys.stdout.write(json_text(value) + "\n")


def run(main: Callable[[], Awaitable[T]]) -> T:
    """What `main` returns. SIGTERM cancels it, as Ctrl-C does, so that it cleans up.

    Raises:
        TerminatedError: it was cancelled so.
    """
    terminated = False

    async def awaited() -> T:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None

        def cancel() -> None:
            nonlocal terminated
            terminated = True
            loop.call_soon_threadsafe(task.cancel)

        with on_sigterm(cancel):
            return await main()

    try:
        done = asyncio.run(awaited())
    except asyncio.CancelledError:
        if not terminated:
            raise
    if terminated:
        raise TerminatedError
    return done


@contextmanager
def on_sigterm(act: Callable[[], None]) -> Iterator[None]:
    """`act` is called for the first SIGTERM; another one ends the process at once.

    Not asyncio's signal handlers, which Windows has not.
    """

    def handle(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        act()

    if threading.current_thread() is not threading.main_thread():  # where Python lets nobody handle signals
        yield
        return
    before = signal.signal(signal.SIGTERM, handle)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is handle:
            signal.signal(signal.SIGTERM, before)


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The configured database, at the schema this version needs."""
    database = Database.open(settings.database_url)
    try:
        await require_schema(database)
        yield database
    finally:
        await database.close()


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar per stage on stderr; call the yielded function with (stage, done, total).

    Once the block is left it raises TerminatedError: a thread that still works then, since a signal has ended who waited for
    it, goes no further than its next step.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err) as progress:
        tasks: dict[str, Any] = {}
        left = False

        def report(stage: str, done: int, total: int) -> None:
            if left:
                raise TerminatedError
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total)
            progress.update(tasks[stage], completed=done, total=total)

        try:
            yield report
        finally:
            left = True


@contextmanager
def errors_for_people() -> Iterator[None]:
    """Ends the process with one clear line instead of a stack trace, for every error we know of."""
    try:
        with on_sigterm(_terminate):
            yield
    except TerminatedError:
        _end("stopped by SIGTERM", TERMINATED)
    except KefuError as error:
        _end(f"{error.title}: {error.detail}", error.exit_code)
    except RetrievalError as error:
        _end(str(error), 1)
    except ValidationError as error:
        wrong = "; ".join(
            f"KEFU_{'__'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            for item in error.errors()
        )
        _end(f"wrong setting: {wrong}", 2)
    except DBAPIError as error:
        _end(f"the database refused: {error.orig}", 1)
    except OSError as error:
        _end(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}", 1)
    except KeyboardInterrupt:
        _end("stopped", INTERRUPTED)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:  # in a command typer has taken the KeyboardInterrupt
            _end("stopped", INTERRUPTED)
        raise


def _terminate() -> None:
    raise TerminatedError


def _end(message: str, code: int) -> None:
    err.print("kefu:", style="bold red", end=" ")
    err.print(message, soft_wrap=True)
    raise SystemExit(code)
