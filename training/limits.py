"""What keeps a training process from getting in the way of others: low priority, capped memory, an end with its parent."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from training.benchmark_cli import FAILED, errors

BACKGROUND = 15
"""Nice value: with two busy processes on a core, one of value 0 gets 97 % of it (sched(7), weights 1024 to 36)."""

ProgressPath = Annotated[Path | None, typer.Option(help="File that says how far it is, instead of bars.")]
Memory = Annotated[int | None, typer.Option(min=1, help="Bytes it may have at most.")]
Background = Annotated[
    bool, typer.Option("--background", help="Low priority; end when standard input is closed.")
]
"""Options of whatever `kefu` starts as a process of its own."""

STATUS = Path("/proc/self/status")
# Seen under a cap, of torch, onnxruntime, numpy, the loader of libraries, threads, and modules that forget to say why.
_SAYS_MEMORY = re.compile(
    "bad_alloc|bad allocation|can't allocate memory|cannot allocate memory|failed to allocate|unable to allocate"
    "|not enough memory|failed to map segment|can't start new thread|error return without exception set",
    re.IGNORECASE,
)


def keep_limits(*, memory: int | None, background: bool) -> None:
    """What the options of these names ask for."""
    if background:
        lower_priority()
        end_with_parent()
    if memory is not None:
        cap_memory(memory)


def lower_priority() -> None:
    """To BACKGROUND, unless it is lower already; as far as the system has priorities."""
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, 0, max(BACKGROUND, os.getpriority(os.PRIO_PROCESS, 0)))


def cap_memory(most: int) -> None:
    """Lets this process have no more than `most` bytes of data: what it asks for beyond fails.

    RLIMIT_DATA counts private writable memory (setrlimit(2), Linux 4.7), so neither libraries nor reserved addresses do,
    as they would with RLIMIT_AS. Other systems take the limit and may not enforce it, or have none.
    """
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def memory_left() -> int | None:
    """Bytes of data that the cap still allows; None where there is no cap or nothing tells."""
    if sys.platform == "win32":
        return None
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if soft == resource.RLIM_INFINITY:
        return None
    try:
        lines = STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    kilobytes = next((line.split()[1] for line in lines if line.startswith("VmData:")), None)
    return None if kilobytes is None else max(0, soft - int(kilobytes) * 1024)


def end_with_parent() -> None:
    """Ends this process as soon as its standard input is closed, which happens however the parent ends.

    The work folder (:mod:`training.work_folder`) is made for being killed at any moment.
    """

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        os._exit(FAILED)

    threading.Thread(target=watch, name="parent", daemon=True).start()


@contextmanager
def memory_told(cap: int | None, *, who: str = "Training", tuning: bool = False) -> Iterator[None]:
    """Turns running out of memory into one line; libraries say it in several ways.

    Args:
        who: what needs the memory.
        tuning: whether the encoder may be tuned, so that less would do.
    """
    try:
        yield
    except typer.Exit:
        raise
    except Exception as error:
        if not (isinstance(error, MemoryError) or _SAYS_MEMORY.search(str(error))):
            raise
        limit = "is there" if cap is None else f"the {cap / 1e9:.1f} GB it may have"
        less = ", or train the head alone (kefu train --no-tune)" if tuning else ""
        errors.print(
            f"{who} needs more memory than {limit}. Allow more (KEFU_RETRAINING__MEMORY){less}.",
            style="red",
            markup=False,
            highlight=False,
        )
        raise typer.Exit(FAILED) from error
