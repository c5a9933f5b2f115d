"""Is there room for tuning? Asked before it begins, since a process that runs out of memory is killed without a word."""

from __future__ import annotations

from pathlib import Path

from retrieval.models import BACKBONES
from training.fitting import MOST_TAUGHT
from training.limits import memory_left

# Measured on BANKING77's training rows: the lower layers' states of a question take 25 kB (English) or 31 kB, and
# everything else 1.2 GB (English) or 3.7 GB at its peak, which is the export of the tuned encoder.
BYTES_A_QUESTION = 31_000
BASE_BYTES = {BACKBONES["english"]: 1_300_000_000}
USUAL_BASE_BYTES = 3_800_000_000

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def needed_to_tune(backbone: str, *, questions: int) -> int:
    """Bytes that tuning this backbone on so many questions takes."""
    return BASE_BYTES.get(backbone, USUAL_BASE_BYTES) + BYTES_A_QUESTION * min(questions, MOST_TAUGHT)


def available_memory() -> int | None:
    """Bytes that this process may still use, by machine, container and its own cap; None where nothing tells."""
    known = [each for each in (_machine(), _container(), memory_left()) if each is not None]
    return min(known, default=None)


def _machine() -> int | None:
    try:
        lines = MEMINFO.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    kilobytes = next((line.split()[1] for line in lines if line.startswith("MemAvailable:")), None)
    return None if kilobytes is None else int(kilobytes) * 1024


def _container() -> int | None:
    """What cgroup v2 leaves; file pages that it would give back count as used, so that this errs on the safe side."""
    try:
        limit = (CGROUP / "memory.max").read_text(encoding="ascii").strip()
        used = (CGROUP / "memory.current").read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(limit) - int(used) if limit.isdecimal() else None
