"""Where a training run keeps its files below the data dir, and how what a kill has left is taken away.

``logs/training/<run>.log``            what the run said; kept
``training/<checkpoint>``              the export it learns from: customers' words, gone as soon as it has ended
``training/work-…``                    what lets a killed run go on: no words (:mod:`training.work_folder`)
``training/<run>.progress.json``       how far it is
``training/<checkpoint>.tmp``          what its processes lay aside
``checkpoints``, ``snapshots``, ``reports``   what it makes
"""

import shutil
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from bot.private_files import make_private_folder
from bot.releases.building import checkpoint_path, snapshot_path
from bot.releases.reports import report_of
from bot.settings import Settings

LONGEST_RUN = timedelta(days=1)
LOGS = "logs/training"
TRAINING = "training"


def log_path(run_id: str) -> str:
    """Below the data dir."""
    return f"{LOGS}/{run_id}.log"


def make_folders(settings: Settings) -> None:
    for folder in ("", "logs", LOGS, TRAINING):
        make_private_folder(settings.data_dir / folder)


def export_folder(settings: Settings, checkpoint_id: str) -> Path:
    return settings.data_dir / TRAINING / checkpoint_id


def temporary_folder(settings: Settings, checkpoint_id: str) -> Path:
    return settings.data_dir / TRAINING / f"{checkpoint_id}.tmp"


def work_folder(settings: Settings, *, export_digest: str, seed: int) -> Path:
    return settings.data_dir / TRAINING / f"work-{export_digest[:16]}-{seed}"


def progress_file(settings: Settings, run_id: str) -> Path:
    return settings.data_dir / TRAINING / f"{run_id}.progress.json"


def remove_folders(settings: Settings, ids: Iterable[str]) -> None:
    """Takes away all that was made, wholly or in part, under these ids of checkpoints and snapshots."""
    for id in ids:
        for folder in _folders_of(settings, id):
            for found in (folder, *folder.parent.glob(f".{folder.name}.*")):
                shutil.rmtree(found, ignore_errors=True)


def _folders_of(settings: Settings, id: str) -> list[Path]:
    if id.startswith("snp_"):
        return [settings.data_dir / snapshot_path(id)]
    return [settings.data_dir / checkpoint_path(id), export_folder(settings, id), report_of(settings, id)]


def remove_inputs(settings: Settings, checkpoint_id: str) -> None:
    """Its export, and what was laid aside."""
    for folder in (export_folder(settings, checkpoint_id), temporary_folder(settings, checkpoint_id)):
        shutil.rmtree(folder, ignore_errors=True)


def sweep_training(settings: Settings, *, older_than: timedelta = LONGEST_RUN) -> None:
    """Takes away what ended runs left of their exports and progress, and whatever nobody has touched for so long.

    For who holds the lease and has begun nothing yet: there is no other run whose export could be needed.
    """
    folder = settings.data_dir / TRAINING
    before = time.time() - older_than.total_seconds()
    for left in folder.iterdir() if folder.is_dir() else ():
        if left.name.lstrip(".").startswith(("chk_", "trn_")) or left.stat().st_mtime < before:
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
