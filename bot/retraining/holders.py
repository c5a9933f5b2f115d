"""Processes that may hold the lease: named so that others on the same machine can tell whether one has ended.

A name is ``host:pid:start:namespace``: start is the process's start time in ticks since boot, namespace the machine's boot
and the pid namespace in which the pid means something (proc(5)). Where the system has no /proc the last two
are empty, and a process that was killed is waited for until its lease has run out.
"""

import os
import socket
from pathlib import Path

PROC = Path("/proc")
_START_FIELD = 21
_LONGEST_HOST = 80


def process_name() -> str:
    """Of this process."""
    host = socket.gethostname().replace(":", "-")[:_LONGEST_HOST]
    return f"{host}:{os.getpid()}:{_started(os.getpid()) or ''}:{_namespace()}"


def has_ended(name: str) -> bool:
    """Whether the process of this name is surely gone; False where this one can't tell."""
    try:
        _, pid, started, namespace = name.split(":")
        number = int(pid)
    except ValueError:
        return False
    if not (started and namespace) or namespace != _namespace():
        return False
    return _started(number) != started


def spoken(name: str) -> str:
    """For people: where it runs."""
    host, _, rest = name.partition(":")
    return f"process {rest.partition(':')[0]} on {host}"


def _started(pid: int) -> str | None:
    """None when there is no such process, or it has ended and waits for its parent to look."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name in brackets may hold blanks; the state comes next
    return None if fields[0] in "ZX" else fields[_START_FIELD - 2]


def _namespace() -> str:
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = os.readlink(PROC / "self/ns/pid")  # noqa: PTH115  # no path, but "pid:[4026531836]"
    except OSError:
        return ""
    return f"{boot[:8]}/{''.join(filter(str.isdigit, space))}"
