"""/v1/releases: which checkpoints and snapshots there are, and which of them speak."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.idempotency import StoredReply
from bot.dependencies import AdminKey, Idempotent, PageLimit, PartsDep, ReadKey
from bot.errors import (
    ConflictError,
    ForbiddenError,
    GateRefusedError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    RateLimitedError,
    RequestRunningError,
    UnauthorizedError,
)
from bot.knowledge.publishing import serve_now
from bot.pagination import Page, decode_cursor
from bot.problems import responses
from bot.releases import service
from bot.releases.schemas import ReleaseDetails, ReleaseOut

router = APIRouter(prefix="/v1/releases", tags=["releases"])

Force = Annotated[
    bool, Query(description="Promote it although the gate refused it; the audit log keeps that")
]

_OFTEN = (UnauthorizedError, ForbiddenError, RateLimitedError)


@router.get("", response_model=Page[ReleaseOut], responses=responses(*_OFTEN, InvalidInputError))
async def list_releases(
    parts: PartsDep, _: ReadKey, cursor: str | None = None, limit: PageLimit = 50
) -> Page[ReleaseOut]:
    """The newest first."""
    async with parts.database.read() as session:
        return await service.page_of_releases(session, before=decode_cursor(cursor), limit=limit)


@router.get("/{release_id}", response_model=ReleaseDetails, responses=responses(*_OFTEN, NotFoundError))
async def show_release(release_id: str, parts: PartsDep, _: ReadKey) -> ReleaseDetails:
    """A release with its folders and files."""
    async with parts.database.read() as session:
        return await service.show(session, release_id, data_dir=parts.settings.data_dir)


@router.post(
    "/rollback",
    response_model=ReleaseDetails,
    responses=responses(*_OFTEN, ConflictError, RequestRunningError, KeyReusedError, InvalidInputError),
)
async def roll_back(parts: PartsDep, key: AdminKey, call: Idempotent) -> Response:
    """Lets the release that spoke before the present one speak again, in every worker within ten seconds."""

    async def work(session: AsyncSession) -> StoredReply:
        restored = await service.roll_back(session, data_dir=parts.settings.data_dir, rolled_back_by=key.name)
        shown = await service.show(session, restored.release.id, data_dir=parts.settings.data_dir)
        return StoredReply(200, shown.model_dump(mode="json"))

    reply = await call.stored() or await call.run(work)
    await serve_now(parts)
    return JSONResponse(reply.body, reply.status)


@router.post(
    "/{release_id}/promote",
    response_model=ReleaseDetails,
    responses=responses(
        *_OFTEN,
        *(NotFoundError, ConflictError, GateRefusedError),
        *(RequestRunningError, KeyReusedError, InvalidInputError),
    ),
)
async def promote_release(
    release_id: str, parts: PartsDep, key: AdminKey, call: Idempotent, force: Force = False
) -> Response:
    """Lets a release speak in every worker within five seconds. Going back to an earlier one is the same call."""

    async def work(session: AsyncSession) -> StoredReply:
        await service.promote(
            session, release_id, data_dir=parts.settings.data_dir, promoted_by=key.name, force=force
        )
        shown = await service.show(session, release_id, data_dir=parts.settings.data_dir)
        return StoredReply(200, shown.model_dump(mode="json"))

    reply = await call.stored() or await call.run(work)
    await serve_now(parts)
    return JSONResponse(reply.body, reply.status)
