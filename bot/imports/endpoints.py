"""/v1/imports: bringing files in, and taking them out again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.idempotency import IdempotentCall, RunningRequests, StoredReply
from bot.dependencies import Idempotent, PageLimit, Parts, PartsDep, ReadKey, WriteKey
from bot.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    RateLimitedError,
    RequestRunningError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
)
from bot.imports import batches, service
from bot.imports.readers import ImportFormat
from bot.imports.schemas import BatchOut, ImportReport, UndoReport
from bot.imports.service import ImportWish
from bot.imports.uploads import Upload, received
from bot.knowledge.publishing import serve_now
from bot.pagination import Page, cut, decode_cursor
from bot.problems import responses
from retrieval.errors import RetrievalError

router = APIRouter(prefix="/v1/imports", tags=["imports"])
log = structlog.get_logger(__name__)

_OFTEN = (UnauthorizedError, ForbiddenError, RateLimitedError)
_ONCE = (RequestRunningError, KeyReusedError, InvalidInputError, TooLargeError)
_FORMATS = ["auto", *ImportFormat]
_UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "contentMediaType": "application/octet-stream"},
                        "format": {"type": "string", "enum": _FORMATS},
                        "dry_run": {"type": "boolean"},
                        "approve": {"type": "boolean"},
                    },
                }
            },
            "application/octet-stream": {
                "schema": {"type": "string", "contentMediaType": "application/octet-stream"}
            },
        },
    }
}


class _Options(BaseModel):
    """Options in the query, or as fields of the form, which win."""

    model_config = ConfigDict(extra="ignore")

    format: str = "auto"
    dry_run: bool = False
    approve: bool = False


@router.post(
    "",
    status_code=201,
    response_model=ImportReport,
    responses={
        **responses(*_OFTEN, *_ONCE, UnavailableError),
        200: {"model": ImportReport, "description": "A dry run, or nothing new: no batch was made"},
    },
    openapi_extra=_UPLOAD,
)
async def import_file(
    request: Request,
    parts: PartsDep,
    key: WriteKey,
    format: Annotated[str, Query(json_schema_extra={"enum": _FORMATS})] = "auto",
    dry_run: Annotated[bool, Query(description="Say what would happen, change nothing")] = False,
    approve: Annotated[bool, Query(description="Answer customers with it at once")] = False,
    filename: Annotated[str | None, Query(description="Name of a file sent as the plain body")] = None,
    idempotency_key: Annotated[str | None, Header(description="Makes a repeated request happen once")] = None,
) -> Response:
    """Imports a file of dialogues or FAQs. Good lines go in although others are rejected.

    Returns when what was approved can be answered with.
    """
    folder = parts.settings.data_dir / "uploads"
    given = {"format": format, "dry_run": dry_run, "approve": approve}
    async with received(request, folder=folder, filename=filename) as upload:
        options = _options({**given, **upload.fields})
        call = IdempotentCall(
            parts.database,
            principal=key.name,
            key=idempotency_key,
            request=f"POST /v1/imports\n{upload.path.name}\n{upload.digest}\n{options!r}".encode(),
        )
        with _once(parts.running, key.name, idempotency_key):
            reply = await call.stored() or await _imported(parts, upload, options, call, actor=key.name)
    return JSONResponse(reply.body, reply.status)


@contextmanager
def _once(running: RunningRequests, principal: str, key: str | None) -> Iterator[None]:
    if key is None:
        yield
        return
    running.begin(principal, key)
    try:
        yield
    finally:
        running.end(principal, key)


def _options(given: dict[str, Any]) -> _Options:
    try:
        options = _Options.model_validate(given)
    except ValidationError as error:
        wrong = "; ".join(f"{item['loc'][0]}: {item['msg']} ({item['input']!r})" for item in error.errors())
        raise InvalidInputError(wrong) from error
    if options.format not in _FORMATS:
        raise InvalidInputError(
            f"format {options.format!r} is not known; choose one of {', '.join(_FORMATS)}"
        )
    return options


async def _imported(
    parts: Parts, upload: Upload, options: _Options, call: IdempotentCall, *, actor: str
) -> StoredReply:
    kind = None if options.format == "auto" else ImportFormat(options.format)
    try:
        prepared = await service.prepare_import(parts.database, parts.settings, upload.path, format=kind)
    except RetrievalError as error:
        raise UnavailableError(str(error), retry_after_s=60) from error
    wish = ImportWish(approve=options.approve, dry_run=options.dry_run, imported_by=actor)
    planned = await service.plan_import(parts.database, prepared, wish)

    async def work(session: AsyncSession) -> StoredReply:
        report = await service.store_import(session, planned)
        return StoredReply(201 if report.batch_id else 200, report.model_dump(mode="json"))

    reply = await call.run(work)
    if reply.body["batch_id"] and options.approve:
        try:
            await service.serve_import(parts.database, parts.settings, made_by=actor)
        except (RetrievalError, OSError) as error:
            log.error("release_not_built", error=str(error))
        await serve_now(parts)
    return reply


@router.get("", response_model=Page[BatchOut], responses=responses(*_OFTEN, InvalidInputError))
async def list_imports(
    parts: PartsDep, _: ReadKey, cursor: str | None = None, limit: PageLimit = 50
) -> Page[BatchOut]:
    """What was imported, the newest first."""
    before = decode_cursor(cursor)
    async with parts.database.read() as session:
        rows = await batches.page_of_batches(session, before=before, limit=limit + 1)
    page, next_cursor = cut(rows, limit=limit, key=lambda row: row.id)
    return Page(items=[batches.batch_out(row) for row in page], next_cursor=next_cursor)


@router.get("/{batch_id}", response_model=BatchOut, responses=responses(*_OFTEN, NotFoundError))
async def show_import(batch_id: str, parts: PartsDep, _: ReadKey) -> BatchOut:
    async with parts.database.read() as session:
        return batches.batch_out(await batches.find_batch(session, batch_id))


@router.post(
    "/{batch_id}/undo",
    response_model=UndoReport,
    responses=responses(*_OFTEN, NotFoundError, ConflictError, *_ONCE),
)
async def undo_import(batch_id: str, parts: PartsDep, key: WriteKey, call: Idempotent) -> Response:
    """Takes out what an import added; what others added to it or changed since stays."""

    async def work(session: AsyncSession) -> StoredReply:
        undone = await batches.undo_batch(session, batch_id, undone_by_whom=key.name)
        return StoredReply(200, undone.model_dump(mode="json"))

    reply = await call.stored() or await call.run(work)
    await serve_now(parts)
    return JSONResponse(reply.body, reply.status)
