"""The logs of training runs: read from the end, or followed while they grow."""

from collections.abc import Sequence
from pathlib import Path

LONGEST_TAIL = 1_000_000
"""Bytes of a log that are looked at for its last lines."""


def last_lines(file: Path, count: int) -> Sequence[str]:
    """None where there is no log (yet)."""
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - LONGEST_TAIL))
            text = stream.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ()
    return [line for line in text.split("\n") if line.strip()][-count:]


class LogTail:
    """Gives every whole line of a growing file once."""

    def __init__(self, file: Path, *, from_end: bool = False) -> None:
        self._file = file
        self._at = file.stat().st_size if from_end and file.is_file() else 0

    def new_lines(self) -> Sequence[str]:
        try:
            with self._file.open("rb") as stream:
                stream.seek(self._at)
                read = stream.read()
        except FileNotFoundError:
            return ()
        whole = read[: read.rfind(b"\n") + 1]
        self._at += len(whole)
        return [line for line in whole.decode("utf-8", errors="replace").split("\n") if line.strip()]
