"""Exports made over HTTP: files under the data dir, named by their id, each with its manifest beside it."""

import asyncio
import re
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from bot.atomic_files import sweep_partial_files
from bot.db.base import new_id
from bot.db.engine import Database
from bot.errors import NotFoundError
from bot.exports.schemas import MANIFEST_SUFFIX, ExportKind, ExportManifest, ExportOut, ExportWish
from bot.exports.writing import manifest_path, write_export
from bot.private_files import make_private_folder
from bot.settings import Settings

FOLDER = "exports"
URL = "/v1/exports/"
ABANDONED_AFTER_S = 24 * 3600
_ID = re.compile(r"exp_[0-9a-f]{32}")
_ENDINGS = {
    ExportKind.EXCHANGES: ".jsonl",
    ExportKind.KNOWLEDGE: ".jsonl",
    ExportKind.LABELS: ".jsonl",
    ExportKind.CONVERSATION: ".json",
}


async def make_export(database: Database, settings: Settings, wish: ExportWish) -> ExportOut:
    """Raises NotFoundError when the wish names a conversation that does not exist."""
    export_id = new_id("exp")
    folder = settings.data_dir / FOLDER
    make_private_folder(settings.data_dir)
    make_private_folder(folder)
    await asyncio.to_thread(_forget_unfinished, folder)
    path = folder / f"{export_id}{_ENDINGS[wish.kind]}"
    manifest = await write_export(database, wish.kind, path, conversation_id=wish.conversation_id)
    return _out(export_id, manifest)


async def list_exports(settings: Settings, *, before: str | None, limit: int) -> list[ExportOut]:
    """The newest first."""
    return await asyncio.to_thread(_list, settings.data_dir / FOLDER, before, limit)


async def find_export(settings: Settings, export_id: str) -> tuple[Path, ExportManifest]:
    """The file and its manifest. Raises NotFoundError."""
    found = await asyncio.to_thread(_find, settings.data_dir / FOLDER, export_id)
    if found is None:
        raise NotFoundError(f"no export {export_id!r}")
    return found


async def remove_export(settings: Settings, export_id: str) -> None:
    """Raises NotFoundError."""
    path, _ = await find_export(settings, export_id)
    await asyncio.to_thread(_remove, path)


def exports_since(settings: Settings, moment: datetime, *, with_knowledge: bool) -> list[Path]:
    """Files that were made at or after a moment, and so may hold what was said from then on.

    Those of the knowledge, too, where questions were made of it, and those that are being made; what killed processes left is
    taken away.
    """
    folder = settings.data_dir / FOLDER
    unfinished = sweep_partial_files(folder)
    found = (
        _find(folder, file.name.split(".")[0]) for file in sorted(folder.glob(f"exp_*{MANIFEST_SUFFIX}"))
    )
    made = [
        export[0]
        for export in found
        if export is not None
        and (with_knowledge or export[1].kind is not ExportKind.KNOWLEDGE)
        and export[1].created_at >= moment
    ]
    return [*made, *sorted(unfinished)]


def _remove(path: Path) -> None:
    """The words first: without its file a manifest is not listed, and says nothing of anybody."""
    path.unlink(missing_ok=True)
    manifest_path(path).unlink(missing_ok=True)


def _forget_unfinished(folder: Path) -> None:
    """What a process left that was killed while it exported: nothing lists it, so nobody would delete it."""
    for file in folder.glob("exp_*"):
        with suppress(FileNotFoundError):  # another process was quicker
            abandoned = file.stat().st_mtime < time.time() - ABANDONED_AFTER_S
            if abandoned and _find(folder, file.name.split(".")[0]) is None:
                file.unlink()


def _list(folder: Path, before: str | None, limit: int) -> list[ExportOut]:
    ids = {file.name.split(".")[0] for file in folder.glob(f"exp_*{MANIFEST_SUFFIX}")}
    wanted = sorted((id for id in ids if before is None or id < before), reverse=True)
    found = ((id, _find(folder, id)) for id in wanted)
    listed: list[ExportOut] = []
    for id, export in found:
        if export is not None and len(listed) < limit:
            listed.append(_out(id, export[1]))
    return listed


def _find(folder: Path, export_id: str) -> tuple[Path, ExportManifest] | None:
    if not _ID.fullmatch(export_id):
        return None
    for ending in sorted(set(_ENDINGS.values())):
        path = folder / f"{export_id}{ending}"
        try:
            manifest = ExportManifest.model_validate_json(manifest_path(path).read_bytes())
        except (FileNotFoundError, ValidationError):
            continue
        return (path, manifest) if path.is_file() else None
    return None


def _out(export_id: str, manifest: ExportManifest) -> ExportOut:
    return ExportOut(
        id=export_id,
        kind=manifest.kind,
        rows=manifest.rows,
        bytes=manifest.bytes,
        sha256=manifest.sha256,
        created_at=manifest.created_at,
        url=f"{URL}{export_id}",
    )
