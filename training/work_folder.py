"""What a training run keeps while it runs, so that a killed one goes on where it stopped.

Every part is an artifact (:mod:`retrieval.artifacts`) of kind "training_work" in a folder ``<name>.<step>``::

    tensors.safetensors   arrays
    manifest.json         meta: "identity" (what the run is made of) and "facts" (of the part, JSON)

Neither texts of customers nor vectors of them are ever in it. A part that is damaged, or of a run with another identity, is taken away with a warning
and computed anew. Where the folder cannot be written, training goes on without it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from retrieval.artifacts import JsonValue, verify_artifact, write_artifact
from retrieval.errors import ArtifactError

WORK_KIND = "training_work"
TENSORS = "tensors.safetensors"
LOCK = "lock"
# Whole parts, and what a kill has left half-written.
_OURS = re.compile(r"\.?(examples|tuning)-[a-z0-9-]+\.\d+(\.[0-9a-f]+\.partial)?")

Warn = Callable[[str], None]
Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Kept:
    """A part as it was kept."""

    tensors: Tensors
    facts: Mapping[str, Any]


@dataclass(slots=True)
class WorkFolder:
    """Made by `open`; `close` lets another run have it, `remove` takes it away."""

    path: Path
    identity: Mapping[str, JsonValue]
    warn: Warn
    lock: FileLock
    writable: bool = field(default=True)

    @classmethod
    def open(cls, path: Path, *, identity: Mapping[str, JsonValue], warn: Warn) -> WorkFolder | None:
        """None, with a warning, where the folder cannot be made or another run is using it."""
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(path / LOCK)
            lock.acquire(blocking=False)
        except Timeout:
            warn(f"Another training run is using {path}; this one begins anew and keeps nothing")
            return None
        except OSError as error:
            warn(f"{path} cannot be used ({error.strerror or error}); a killed run will have to begin anew")
            return None
        return cls(path, identity, warn, lock)

    def part(self, name: str) -> Part:
        return Part(self, name)

    def close(self) -> None:
        self.lock.release()

    def remove(self) -> None:
        """Takes away what is ours; the folder too, unless something else lies in it."""
        for folder in self.path.iterdir():
            if _OURS.fullmatch(folder.name):
                shutil.rmtree(folder, ignore_errors=True)
        (self.path / LOCK).unlink(missing_ok=True)
        self.close()
        if not any(self.path.iterdir()):
            self.path.rmdir()


@dataclass(frozen=True, slots=True)
class Part:
    """One thing to keep, by name; a later step replaces an earlier one."""

    work: WorkFolder
    name: str

    def keep(self, tensors: Tensors, *, step: int = 0, facts: Mapping[str, JsonValue] | None = None) -> None:
        from safetensors.numpy import save_file

        if not self.work.writable:
            return
        older = self._folders()
        contiguous = {name: np.asarray(array, order="C") for name, array in tensors.items()}
        try:
            write_artifact(
                self.work.path / f"{self.name}.{step}",
                kind=WORK_KIND,
                files={TENSORS: lambda file: save_file(contiguous, str(file))},
                meta={"identity": self.work.identity, "facts": facts or {}},
            )
        except ArtifactError as error:
            self.work.writable = False
            self.work.warn(f"Training goes on, but if it is killed it will have to begin anew. {error}")
            return
        for folder in older.values():
            shutil.rmtree(folder, ignore_errors=True)

    def find(self) -> Kept | None:
        """The latest step, unless it is damaged or another run's."""
        from safetensors.numpy import load_file

        folders = self._folders()
        if not folders:
            return None
        folder = folders[max(folders)]
        try:
            manifest = verify_artifact(folder, kind=WORK_KIND)
            if manifest.meta.get("identity") != self.work.identity:
                raise ArtifactError(folder, "is of another training run", remedy="It is begun anew.")
            return Kept(load_file(str(folder / TENSORS)), manifest.meta["facts"])
        except ArtifactError as error:
            self.work.warn(f"What was kept of an earlier run is not used. {error}")
            self.drop()
            return None

    def drop(self) -> None:
        for folder in self._folders().values():
            shutil.rmtree(folder, ignore_errors=True)

    def _folders(self) -> dict[int, Path]:
        found = {}
        for folder in self.work.path.glob(f"{self.name}.*"):
            step = folder.name.removeprefix(f"{self.name}.")
            if step.isdecimal():
                found[int(step)] = folder
        return found
