"""A report on disk: ``report.json`` to compute with and ``report.html`` to look at, in a folder of its own.

It quotes approved questions, so only its owner can read it. The folder is written aside and renamed: a reader sees
both files or none.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from training.errors import TrainingError

if TYPE_CHECKING:
    from training.report.figures import RunReport

JSON_FILE, PAGE_FILE = "report.json", "report.html"


def refuse_existing(folder: Path) -> None:
    """Raises TrainingError when something of that name is there, to be called before hours are spent."""
    if os.path.lexists(folder):
        raise TrainingError(f"{folder} exists already; choose another folder for the report")


def write_report(folder: Path, report: RunReport) -> None:
    """Makes `folder`; its parents are made when missing.

    Raises:
        TrainingError: `folder` exists, or the disk refuses.
    """
    # Not with this file: it loads what draws, which few callers need.
    from training.report.page import page_of

    write_folder(folder, {JSON_FILE: report.to_json(), PAGE_FILE: page_of(report)})


def write_folder(folder: Path, texts: Mapping[str, str]) -> None:
    """Makes `folder` with these files, readable by their owner alone; raises as `write_report`."""
    refuse_existing(folder)
    partial = folder.parent / f".{folder.name}.{uuid.uuid4().hex}.partial"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir(mode=0o700)
        for name, text in texts.items():
            _write_private(partial / name, text)
        partial.rename(folder)
    except OSError as error:
        raise TrainingError(
            f"{folder} could not be written: {error}; check free space and permissions"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_private(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(text.encode())
        stream.flush()
        os.fsync(stream.fileno())
