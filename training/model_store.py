"""Makes encoder folders of backbones in the models folder: once, whole, and by one process at a time."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from retrieval.artifacts import Manifest, sweep_partial_folders, verify_artifact
from retrieval.encoder import ENCODER_KIND
from retrieval.errors import ArtifactError
from retrieval.models import BACKBONES, model_folder

Report = Callable[[str], None]

# Counts up whenever the same backbone would give other numbers or files; older folders are then made again.
EXPORT_VERSION = 6
LOCK_NAME = ".lock"


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A backbone's place in the models folder.

    `state` is "ready", "missing", "outdated" (made by an earlier version of the exporter) or "damaged", which
    `problem` explains; `manifest` is there when the folder verifies.
    """

    name: str
    folder: Path
    state: str
    problem: str = ""
    manifest: Manifest | None = None


def inspect_model(name: str, *, models_dir: Path) -> StoredModel:
    """Look at a backbone's folder and check every hash; raises nothing about what it finds."""
    name = BACKBONES.get(name, name)
    folder = model_folder(name, models_dir=models_dir)
    if not folder.exists():
        return StoredModel(name, folder, "missing")
    try:
        manifest = verify_artifact(folder, kind=ENCODER_KIND)
    except ArtifactError as error:
        return StoredModel(name, folder, "damaged", problem=str(error))
    state = "ready" if manifest.meta.get("export_version") == EXPORT_VERSION else "outdated"
    return StoredModel(name, folder, state, manifest=manifest)


def list_models(models_dir: Path) -> list[StoredModel]:
    """Inspect the known backbones and whatever other encoder folders are there."""
    known = [inspect_model(name, models_dir=models_dir) for name in BACKBONES.values()]
    places = {model.folder for model in known}
    others = sorted(models_dir.iterdir()) if models_dir.is_dir() else []
    return known + [
        inspect_model(folder.name, models_dir=models_dir)
        for folder in others
        if folder.is_dir() and not folder.name.startswith(".") and folder not in places
    ]


def ensure_model(name: str, *, models_dir: Path, report: Report) -> StoredModel:
    """Return the backbone's folder, made from its weights unless it is there, intact and up to date.

    A damaged or outdated folder is replaced, by renaming, only once the new one is whole. Two processes may ask for
    the same backbone: the later waits for the earlier and finds the work done.

    Raises:
        BackboneError, ExportError, ArtifactError: as their makers say.
    """
    found = inspect_model(name, models_dir=models_dir)
    if found.state == "ready":
        return found
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = "Choose another folder with --models-dir or KEFU_MODELS_DIR."
        raise ArtifactError(models_dir, f"cannot be made: {error}", remedy=remedy) from error
    lock = FileLock(models_dir / LOCK_NAME)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        report("waiting for another process that makes models here")
        lock.acquire()
    try:
        return _ensure_alone(name, models_dir=models_dir, report=report)
    finally:
        lock.release()


def _ensure_alone(name: str, *, models_dir: Path, report: Report) -> StoredModel:
    found = inspect_model(name, models_dir=models_dir)
    if found.state == "ready":
        return found
    if found.problem:
        report(f"making it again: {found.problem}")
    # Nobody else writes here while we hold the lock, so whatever is partial was left by a killed process.
    sweep_partial_folders(found.folder, older_than=timedelta(0))
    _make(found.name, found.folder, report=report)
    return inspect_model(name, models_dir=models_dir)


def _make(name: str, folder: Path, *, report: Report) -> None:
    report("loading torch")
    from training.backbones import load_backbone
    from training.onnx_export import export_encoder

    report("checking and reading the weights")
    backbone = load_backbone(name)
    report("exporting and comparing with torch")
    # The name is one that sweep_partial_folders takes away after a kill.
    fresh, old = (folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.partial") for _ in range(2))
    export_encoder(backbone, fresh, meta={"export_version": EXPORT_VERSION})
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
