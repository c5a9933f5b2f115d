"""Files that appear whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from bot.errors import InvalidInputError


@contextmanager
def written_aside(target: Path) -> Iterator[BinaryIO]:
    """A stream to a hidden sibling of ``target``, fsynced and renamed when the block ends well, removed when not.

    Readable by its owner only (0600), since what is written here was said by customers. A killed process leaves
    at most ``.<name>.<random>.partial``.

    Raises:
        InvalidInputError: ``target`` exists, or the folder it should lie in does not.
    """
    refuse_existing(target)
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
