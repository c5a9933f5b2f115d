"""Takes an uploaded file to disk, piece by piece, and out of the way again."""

import asyncio
import re
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from bot.db.base import new_id
from bot.errors import InvalidInputError, NotFoundError
from bot.imports.preparing import file_hash
from bot.private_files import make_private_folder

CHUNK = 1 << 20
LONGEST_NAME_BYTES = 200
"""File systems take 255, for some 80 Chinese characters."""

ABANDONED_AFTER_S = 24 * 3600
_UPLOAD_NAME = re.compile(r"upl_[0-9a-f]{32}")
_NOT_IN_NAMES = re.compile(r"[^\w.\- ()（）]+")


@dataclass(frozen=True)
class Upload:
    """An uploaded file on disk, with the form fields that came along and the SHA-256 of its bytes."""

    path: Path
    fields: dict[str, str]
    digest: str


@asynccontextmanager
async def received(request: Request, *, folder: Path, filename: str | None) -> AsyncIterator[Upload]:
    """The file of a multipart form (field ``file``), or the whole body under ``filename``.

    Raises:
        InvalidInputError: there is no file, or no name for it.
    """
    place = folder / new_id("upl")
    await asyncio.to_thread(_forget_abandoned, folder)
    try:
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            yield await _from_form(request, place)
        else:
            yield await _from_body(request, place, filename)
    finally:
        await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)


async def _from_form(request: Request, place: Path) -> Upload:
    async with request.form(max_files=1, max_fields=8) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise InvalidInputError("the form has no file; send it in the field 'file'")
        target = await asyncio.to_thread(_place_for, place, file.filename)
        with target.open("wb") as out:  # each piece is small, and writing goes to the page cache
            while piece := await file.read(CHUNK):
                out.write(piece)
        return Upload(target, _fields(form), await asyncio.to_thread(file_hash, target))


async def _from_body(request: Request, place: Path, filename: str | None) -> Upload:
    if filename is None:
        raise InvalidInputError(
            "send multipart/form-data with the field 'file', or the file as the body with ?filename=faq.csv"
        )
    target = await asyncio.to_thread(_place_for, place, filename)
    with target.open("wb") as out:
        async for piece in request.stream():
            out.write(piece)
    return Upload(target, {}, await asyncio.to_thread(file_hash, target))


async def keep_upload(file: UploadFile, *, folder: Path) -> str:
    """Puts an uploaded file where it waits for a person's word; returns the name by which it is found again."""
    await asyncio.to_thread(_forget_abandoned, folder)
    place = folder / new_id("upl")
    target = await asyncio.to_thread(_place_for, place, file.filename)
    with target.open("wb") as out:
        while piece := await file.read(CHUNK):
            out.write(piece)
    return place.name


def find_upload(name: str, *, folder: Path) -> Path:
    """Raises NotFoundError for one that there is not, or not any more."""
    place = folder / name
    found = list(place.iterdir()) if _UPLOAD_NAME.fullmatch(name) and place.is_dir() else []
    if len(found) != 1:
        raise NotFoundError("the uploaded file is not there any more; upload it again")
    return found[0]


async def forget_upload(name: str, *, folder: Path) -> None:
    if _UPLOAD_NAME.fullmatch(name):
        await asyncio.to_thread(shutil.rmtree, folder / name, ignore_errors=True)


def _forget_abandoned(folder: Path) -> None:
    """Uploads of a process that was killed while it imported them."""
    for place in folder.glob("upl_*"):
        with suppress(FileNotFoundError):  # another upload that ended meanwhile
            if place.stat().st_mtime < time.time() - ABANDONED_AFTER_S:
                shutil.rmtree(place, ignore_errors=True)


def _fields(form: FormData) -> dict[str, str]:
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _place_for(place: Path, filename: str | None) -> Path:
    """Where the file goes; of its name nothing is kept that could lead elsewhere."""
    last = re.split(r"[/\\]", filename or "")[-1]
    name = (
        _NOT_IN_NAMES.sub("_", last).encode("utf-8", "replace")[-LONGEST_NAME_BYTES:].decode(errors="ignore")
    )
    name = name.strip(". ")
    if not name:
        raise InvalidInputError(f"the filename {filename!r} names no file; send one such as faq.csv")
    for folder in (place.parent.parent, place.parent, place):
        make_private_folder(folder)
    return place / name
