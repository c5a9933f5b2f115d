"""/console/knowledge/imports: a file is uploaded, what it would do is shown, then it is brought in; and taken out again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import structlog
from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import Response

from bot.access.principals import Role
from bot.console.access import AsSupervisor, AsViewer
from bot.console.rendering import go_to, page
from bot.dependencies import Parts, PartsDep
from bot.errors import InvalidInputError, UnavailableError
from bot.imports import batches, service
from bot.imports.readers import ImportFormat
from bot.imports.schemas import ImportReport
from bot.imports.service import ImportWish
from bot.imports.uploads import find_upload, forget_upload, keep_upload
from bot.knowledge.publishing import serve_now
from bot.operators.service import names_of
from bot.pagination import cut, decode_cursor
from retrieval.errors import RetrievalError

router = APIRouter(prefix="/knowledge/imports")
log = structlog.get_logger(__name__)

PAGE = 25
AUTO = "auto"
SHOWN_REJECTED = 50
Format = Annotated[str, Form(max_length=16)]
Approve = Annotated[bool, Form()]


@dataclass(frozen=True)
class Waiting:
    """A file that is here and not brought in yet."""

    name: str
    filename: str
    format: str
    approve: bool


@router.get("")
async def list_imports(
    request: Request,
    parts: PartsDep,
    caller: AsViewer,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    async with parts.database.read() as session:
        rows = await batches.page_of_batches(session, before=decode_cursor(cursor), limit=PAGE + 1)
        names = await names_of(session, (row.imported_by for row in rows))
    shown, next_cursor = cut(rows, limit=PAGE, key=lambda row: row.id)
    return page(
        request,
        "knowledge/imports.html",
        batches=[batches.batch_out(row) for row in shown],
        names=names,
        cursor=cursor,
        next_cursor=next_cursor,
        formats=[AUTO, *(format.value for format in ImportFormat)],
        may_import=caller.role.allows(Role.SUPERVISOR),
    )


@router.post("")
async def upload_file(
    request: Request,
    parts: PartsDep,
    caller: AsSupervisor,
    file: Annotated[UploadFile, File()],
    format: Format = AUTO,
    approve: Approve = False,
) -> Response:
    """Changes nothing yet: says what the file would do."""
    folder = _folder(parts)
    name = await keep_upload(file, folder=folder)
    try:
        path = find_upload(name, folder=folder)
        report = await _run(parts, path, format, approve=approve, dry_run=True, by=caller.principal.name)
    except BaseException:
        await forget_upload(name, folder=folder)
        raise
    waiting = Waiting(name, path.name, format, approve)
    return page(
        request, "knowledge/import_plan.html", report=report, waiting=waiting, most_rejected=SHOWN_REJECTED
    )


@router.post("/do")
async def do_import(
    request: Request,
    parts: PartsDep,
    caller: AsSupervisor,
    upload: Annotated[str, Form(max_length=64)],
    format: Format = AUTO,
    approve: Approve = False,
) -> Response:
    folder, by = _folder(parts), caller.principal.name
    path = find_upload(upload, folder=folder)
    report = await _run(parts, path, format, approve=approve, dry_run=False, by=by)
    await forget_upload(upload, folder=folder)
    if report.batch_id is None:
        return go_to(request, "/knowledge/imports", flash="imports.nothing_new")
    if approve:
        try:
            await service.serve_import(parts.database, parts.settings, made_by=by)
        except (RetrievalError, OSError) as error:
            log.error("release_not_built", error=str(error))
        await serve_now(parts)
    return go_to(request, f"/knowledge/imports/{report.batch_id}", flash="imports.done")


@router.get("/{batch_id}")
async def show_import(batch_id: str, request: Request, parts: PartsDep, caller: AsViewer) -> Response:
    async with parts.database.read() as session:
        batch = batches.batch_out(await batches.find_batch(session, batch_id))
        names = await names_of(session, [batch.imported_by])
    return page(
        request,
        "knowledge/import.html",
        batch=batch,
        report=batch.report,
        names=names,
        most_rejected=SHOWN_REJECTED,
        may_import=caller.role.allows(Role.SUPERVISOR),
    )


@router.post("/{batch_id}/undo")
async def undo_import(batch_id: str, request: Request, parts: PartsDep, caller: AsSupervisor) -> Response:
    async with parts.database.write() as session:
        undone = await batches.undo_batch(session, batch_id, undone_by_whom=caller.principal.name)
    await serve_now(parts)
    return go_to(
        request,
        f"/knowledge/imports/{batch_id}",
        flash="imports.undone",
        questions=str(undone.questions),
        answers=str(undone.answers),
        restored=str(undone.restored + undone.documents_restored),
        kept=str(undone.kept + undone.documents_kept),
        dialogues=str(undone.dialogues),
        documents=str(undone.documents),
    )


def _folder(parts: Parts) -> Path:
    return parts.settings.data_dir / "uploads"


async def _run(
    parts: Parts, path: Path, format: str, *, approve: bool, dry_run: bool, by: str
) -> ImportReport:
    if format not in (AUTO, *ImportFormat):
        raise InvalidInputError(f"format {format!r} is not known; choose one of the list")
    kind = None if format == AUTO else ImportFormat(format)
    try:
        prepared = await service.prepare_import(parts.database, parts.settings, path, format=kind)
    except RetrievalError as error:
        raise UnavailableError(str(error), retry_after_s=60) from error
    wish = ImportWish(approve=approve, dry_run=dry_run, imported_by=by)
    return await service.run_import(parts.database, prepared, wish)
