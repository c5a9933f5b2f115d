"""What customers said is for the user that runs Kefu alone: files are made 0600, folders 0700.

What exists already keeps the rights it has, which somebody may have chosen; ``kefu doctor`` names it.
"""

import os
from contextlib import suppress
from pathlib import Path

FOR_OTHERS = 0o077


def make_private_folder(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def make_private_file(file: Path) -> None:
    """An empty one, unless it exists.

    One that exists is not even opened: closing it would give up all locks that SQLite holds on it in this process
    (sqlite.org/howtocorrupt.html, 2.2), and another process would take the log for left over and remove it.
    """
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def is_open_to_others(path: Path) -> bool:
    return bool(path.stat().st_mode & FOR_OTHERS)
