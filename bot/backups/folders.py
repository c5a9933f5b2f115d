"""The folders that belong into a backup, and how they come back.

Taken along are the promoted release and the one promoted before it, so that a restored installation answers at once
and can be rolled back once. Other releases come back as history, marked as removed. Backbones are not taken along:
``kefu models get`` makes the same ones again.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, Table, select, update

from bot.atomic_files import sync_folder
from bot.backups.archive import ArchiveWriter, MemberStream
from bot.backups.manifest import FOLDER_PATH, FolderContent, FolderKind
from bot.db.base import now
from bot.db.release_tables import Checkpoint, IndexSnapshot, Release, ReleasePointer
from bot.db.training_tables import TrainingRun
from bot.errors import ConflictError, InvalidInputError
from bot.releases.building import checkpoint_path, snapshot_path
from retrieval.artifacts import MANIFEST_NAME, sweep_partial_folders, verify_artifact
from retrieval.errors import ArtifactError

RELEASES_KEPT = 2


@dataclass(frozen=True)
class LeftOut:
    """A folder that should be in the backup and can't be, since it is missing or damaged."""

    path: str
    reason: str


def wanted_folders(connection: Connection, tables: dict[str, Table]) -> list[FolderContent]:
    """Checkpoints and snapshots of the releases that are kept, each once."""
    folders: dict[str, FolderContent] = {}
    for release in _kept_releases(connection, tables):
        for folder in (
            _folder(connection, tables["checkpoints"], release.checkpoint_id, "checkpoint"),
            _folder(connection, tables["index_snapshots"], release.snapshot_id, "index_snapshot"),
        ):
            folders[folder.path] = folder
    return list(folders.values())


def _folder(connection: Connection, table: Table, id: str, kind: FolderKind) -> FolderContent:
    row = connection.execute(select(table.c.path, table.c.digest).where(table.c.id == id)).one()
    return FolderContent.model_construct(path=row.path, kind=kind, digest=row.digest)


def _kept_releases(connection: Connection, tables: dict[str, Table]) -> list[Row[Any]]:
    releases, pointer = tables["releases"], tables["release_pointer"]
    speaking = connection.execute(select(pointer.c.release_id)).scalar_one()
    newest_first = (
        select(releases.c.id, releases.c.checkpoint_id, releases.c.snapshot_id)
        .where(releases.c.promoted_at.is_not(None) | (releases.c.id == speaking))
        .order_by((releases.c.id == speaking).desc(), releases.c.promoted_at.desc(), releases.c.id.desc())
        .limit(RELEASES_KEPT)
    )
    return list(connection.execute(newest_first))


def add_folder(writer: ArchiveWriter, folder: FolderContent, *, data_dir: Path) -> LeftOut | None:
    """Adds a folder that is what the database says it is; a damaged one would be of no use."""
    path = data_dir / folder.path
    if not FOLDER_PATH.fullmatch(folder.path):
        return LeftOut(folder.path, "it does not lie in checkpoints or snapshots of the data dir")
    try:
        manifest = verify_artifact(path, kind=folder.kind)
    except ArtifactError as error:
        return LeftOut(folder.path, str(error))
    if manifest.digest != folder.digest:
        return LeftOut(folder.path, f"{path} is another one than the database names")
    for name in (*sorted(manifest.files), MANIFEST_NAME):
        writer.add_file(f"folders/{folder.path}/{name}", path / name)
    return None


def mark_missing(connection: Connection, data_dir: Path) -> None:
    """Says of releases whose folders are not here that they are gone. Not of the one that speaks: doctor tells of its damage."""
    speaks = select(ReleasePointer.release_id).where(ReleasePointer.release_id.is_not(None))
    parts = (
        select(Release.id, Checkpoint.path, IndexSnapshot.path)
        .join(Checkpoint, Checkpoint.id == Release.checkpoint_id)
        .join(IndexSnapshot, IndexSnapshot.id == Release.snapshot_id)
        .where(Release.removed_at.is_(None), Release.id.not_in(speaks))
    )
    missing = [
        id
        for id, *paths in connection.execute(parts).all()
        if not all((data_dir / path / MANIFEST_NAME).is_file() for path in paths)
    ]
    connection.execute(update(Release).where(Release.id.in_(missing)).values(removed_at=now()))


def named_folders(connection: Connection) -> set[str]:
    """Below the data dir: of releases and of training runs, whether they are there or not."""
    paths = {
        path
        for column in (Checkpoint.path, IndexSnapshot.path)
        for path in connection.execute(select(column)).scalars()
    }
    runs = select(TrainingRun.checkpoint_id, TrainingRun.snapshot_id, TrainingRun.leftovers)
    for checkpoint_id, snapshot_id, leftovers in connection.execute(runs):
        for id in (checkpoint_id, snapshot_id, *leftovers):
            if id is not None:
                paths.add(snapshot_path(id) if id.startswith("snp_") else checkpoint_path(id))
    return {path for path in paths if FOLDER_PATH.fullmatch(path)}


class FolderPlacer:
    """Writes the folders of a backup under the data dir, each aside first and renamed once it is verified.

    A folder that is there already and sound is left alone. What is placed is only pointed to when the restoring
    transaction commits; after a failure it lies there unused.
    """

    def __init__(self, data_dir: Path, folders: tuple[FolderContent, ...]) -> None:
        self.data_dir = data_dir
        self._folders = {folder.path: folder for folder in folders}
        self._partial: dict[str, Path] = {}

    def take(self, path: str, file: str, member: MemberStream) -> None:
        if path not in self._folders:
            raise InvalidInputError(f"not a sound backup: its manifest does not name the folder {path!r}")
        if path not in self._partial:
            target = self._target(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            sweep_partial_folders(target)
            self._partial[path] = target.parent / f".{target.name}.{uuid4().hex}.partial"
            self._partial[path].mkdir()
        with (self._partial[path] / file).open("xb") as stream:
            for piece in member.pieces():
                stream.write(piece)
            stream.flush()
            os.fsync(stream.fileno())

    def refuse_full_disk(self, needed: int) -> None:
        free = shutil.disk_usage(self.data_dir).free
        if needed > free:
            raise ConflictError(
                f"{self.data_dir} has {free:,} bytes free, the backup's folders need {needed:,}"
            )

    def finish(self) -> list[str]:
        """Puts the folders in place once all are verified; returns the paths of those that were not there before."""
        for path, folder in self._folders.items():
            self._refuse_unsound(path, folder)
        return [path for path, folder in self._folders.items() if self._place(path, folder)]

    def discard(self) -> None:
        for partial in self._partial.values():
            shutil.rmtree(partial, ignore_errors=True)

    def _refuse_unsound(self, path: str, folder: FolderContent) -> None:
        if path not in self._partial:
            raise InvalidInputError(f"not a sound backup: nothing of the folder {path!r} is in it")
        if not _is_sound(self._partial[path], folder):
            raise InvalidInputError(f"not a sound backup: the folder {path!r} is not what its manifest says")

    def _place(self, path: str, folder: FolderContent) -> bool:
        partial, target = self._partial[path], self._target(path)
        if _is_sound(target, folder):
            return False
        sync_folder(partial)
        if target.exists():
            # A name that sweep_partial_folders takes away after a kill.
            damaged = target.parent / f".{target.name}.{uuid4().hex}.partial"
            target.rename(damaged)
            shutil.rmtree(damaged, ignore_errors=True)
        partial.rename(target)
        sync_folder(target.parent)
        return True

    def _target(self, path: str) -> Path:
        assert FOLDER_PATH.fullmatch(path), "the manifest and the archive let nothing else through"
        return self.data_dir / path


def _is_sound(target: Path, folder: FolderContent) -> bool:
    try:
        return verify_artifact(target, kind=folder.kind).digest == folder.digest
    except ArtifactError:
        return False
