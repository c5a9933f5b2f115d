"""Files that appear whole or not at all."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from bot.errors import InvalidInputError
from retrieval.artifacts import STALE_AFTER

_PARTIAL = re.compile(r"\..+\.[0-9a-f]{32}\.partial")


@contextmanager
def written_aside(target: Path) -> Iterator[BinaryIO]:
    """A stream to a hidden sibling of ``target``, fsynced and renamed when the block ends well, removed when not.

    Readable by its owner only (0600), since what is written here was said by customers. A killed process leaves
    at most ``.<name>.<random>.partial``, which the next one to write into the folder takes away.

    Raises:
        InvalidInputError: ``target`` exists, or the folder it should lie in does not.
    """
    refuse_existing(target)
    sweep_partial_files(target.parent)
    partial = target.parent / f".{target.name}.{uuid4().hex}.partial"
    try:
        with os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        refuse_existing(target)
        partial.rename(target)
        sync_folder(target.parent)
    finally:
        partial.unlink(missing_ok=True)


def sweep_partial_files(folder: Path) -> list[Path]:
    """Takes away what killed writers left; returns the files that may be written to still, or belong to somebody else."""
    before = time.time() - STALE_AFTER.total_seconds()
    left = [file for file in folder.glob(".*.partial") if _PARTIAL.fullmatch(file.name)]
    for file in list(left):
        with suppress(OSError):
            if file.lstat().st_mtime < before:
                file.unlink()
                left.remove(file)
    return left


def refuse_existing(target: Path) -> None:
    if os.path.lexists(target):
        raise InvalidInputError(f"{target} exists already; choose another name")
    if not target.parent.is_dir():
        raise InvalidInputError(f"there is no folder {target.parent}; make it first")


def sync_folder(folder: Path) -> None:
    """Makes a rename in the folder outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
