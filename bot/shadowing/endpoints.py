"""/v1/releases/{id}/shadow: a release that decides on live traffic unseen."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.idempotency import StoredReply
from bot.dependencies import AdminKey, Idempotent, PageLimit, PartsDep, ReadKey
from bot.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    RateLimitedError,
    RequestRunningError,
    UnauthorizedError,
)
from bot.problems import responses
from bot.shadowing import service
from bot.shadowing.schemas import ShadowOut, ShadowReport

router = APIRouter(prefix="/v1/releases/{release_id}/shadow", tags=["releases"])

_OFTEN = (UnauthorizedError, ForbiddenError, NotFoundError, RateLimitedError, InvalidInputError)
_ONCE = (RequestRunningError, KeyReusedError)


@router.post("", response_model=ShadowOut, responses=responses(*_OFTEN, *_ONCE, ConflictError))
async def switch_shadow_on(release_id: str, parts: PartsDep, key: AdminKey, call: Idempotent) -> Response:
    """Lets a release decide on every message unseen, after the reply is sent. It takes the place of another shadow."""

    async def work(session: AsyncSession) -> StoredReply:
        started = await service.switch_on(
            session, release_id, data_dir=parts.settings.data_dir, started_by=key.name
        )
        return StoredReply(200, started.model_dump(mode="json"))

    reply = await call.stored() or await call.run(work)
    await parts.companions.refresh_now()
    return JSONResponse(reply.body, reply.status)


@router.delete("", response_model=ShadowOut, responses=responses(*_OFTEN, *_ONCE))
async def switch_shadow_off(release_id: str, parts: PartsDep, key: AdminKey, call: Idempotent) -> Response:
    """What it has decided stays and can be read. 404 when this release has never been a shadow."""

    async def work(session: AsyncSession) -> StoredReply:
        ended = await service.switch_off(session, release_id, ended_by=key.name)
        return StoredReply(200, ended.model_dump(mode="json"))

    reply = await call.stored() or await call.run(work)
    await parts.companions.refresh_now()
    return JSONResponse(reply.body, reply.status)


@router.get("", response_model=ShadowReport, responses=responses(*_OFTEN))
async def show_shadow_report(
    release_id: str, parts: PartsDep, _: ReadKey, cursor: str | None = None, limit: PageLimit = 50
) -> ShadowReport:
    """How a shadow's decisions differ from what was said; the most frequent differences first."""
    async with parts.database.read() as session:
        return await service.report(session, release_id, cursor=cursor, limit=limit)
