"""/v1/exports: everything that was recorded, in files that others can read."""

from fastapi import APIRouter
from fastapi.responses import FileResponse, JSONResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.idempotency import StoredReply
from bot.dependencies import AdminKey, Idempotent, PageLimit, PartsDep
from bot.errors import (
    ForbiddenError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    RateLimitedError,
    RequestRunningError,
    TooLargeError,
    UnauthorizedError,
)
from bot.exports import service
from bot.exports.schemas import ExportOut, ExportWish
from bot.knowledge.audit import record_audit
from bot.pagination import Page, cut, decode_cursor
from bot.problems import responses

router = APIRouter(prefix="/v1/exports", tags=["exports"])

_OFTEN = (UnauthorizedError, ForbiddenError, RateLimitedError)
_ONCE = (RequestRunningError, KeyReusedError, InvalidInputError, TooLargeError)


@router.post(
    "", status_code=201, response_model=ExportOut, responses=responses(*_OFTEN, *_ONCE, NotFoundError)
)
async def create_export(wish: ExportWish, parts: PartsDep, key: AdminKey, call: Idempotent) -> Response:
    """Writes a file with one consistent state: exchanges with their votes, the approved knowledge, labels, or a conversation."""
    stored = await call.stored()
    if stored is None:
        # Written before the transaction that records it, which others would have to wait for.
        made = await service.make_export(parts.database, parts.settings, wish)

        async def record(session: AsyncSession) -> StoredReply:
            details = {"kind": wish.kind, "rows": made.rows, "conversation_id": wish.conversation_id}
            await record_audit(session, actor=key.name, action="export", target=made.id, details=details)
            return StoredReply(201, made.model_dump(mode="json"))

        stored = await call.run(record)
        if stored.body["id"] != made.id:
            await service.remove_export(parts.settings, made.id)
    return JSONResponse(stored.body, stored.status)


@router.get("", response_model=Page[ExportOut], responses=responses(*_OFTEN, InvalidInputError))
async def list_exports(
    parts: PartsDep, _: AdminKey, cursor: str | None = None, limit: PageLimit = 50
) -> Page[ExportOut]:
    """The newest first."""
    rows = await service.list_exports(parts.settings, before=decode_cursor(cursor), limit=limit + 1)
    page, next_cursor = cut(rows, limit=limit, key=lambda row: row.id)
    return Page(items=page, next_cursor=next_cursor)


@router.get(
    "/{export_id}",
    response_class=FileResponse,
    responses={
        **responses(*_OFTEN, NotFoundError),
        200: {"description": "The file", "content": {"application/jsonl": {}, "application/json": {}}},
    },
)
async def download_export(export_id: str, parts: PartsDep, _: AdminKey) -> FileResponse:
    """The file itself: JSON Lines, or for a conversation JSON."""
    path, manifest = await service.find_export(parts.settings, export_id)
    media_type = "application/json" if path.suffix == ".json" else "application/jsonl"
    name = f"kefu-{manifest.kind}-{manifest.created_at:%Y-%m-%d}{path.suffix}"
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return FileResponse(path, media_type=media_type, filename=name, headers=headers)


@router.delete("/{export_id}", status_code=204, responses=responses(*_OFTEN, NotFoundError))
async def delete_export(export_id: str, parts: PartsDep, key: AdminKey) -> Response:
    """Exports hold what customers said: remove them when they have been fetched."""
    await service.remove_export(parts.settings, export_id)
    async with parts.database.write() as session:
        await record_audit(session, actor=key.name, action="delete_export", target=export_id)
    return Response(status_code=204)
