"""/v1/experiments: two releases that share the visitors."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.idempotency import StoredReply
from bot.db.base import now
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
    TooLargeError,
    UnauthorizedError,
)
from bot.experiments import service
from bot.experiments.schemas import ExperimentDetails, ExperimentOut, ExperimentWish
from bot.pagination import Page, decode_cursor
from bot.problems import responses

router = APIRouter(prefix="/v1/experiments", tags=["experiments"])

_OFTEN = (UnauthorizedError, ForbiddenError, RateLimitedError, InvalidInputError)
_ONCE = (RequestRunningError, KeyReusedError)


@router.post(
    "",
    status_code=201,
    response_model=ExperimentOut,
    responses=responses(*_OFTEN, *_ONCE, NotFoundError, ConflictError, GateRefusedError, TooLargeError),
)
async def start_experiment(
    wish: ExperimentWish, parts: PartsDep, key: AdminKey, call: Idempotent
) -> Response:
    """Shares the visitors between the release that speaks and another one, until the numbers or a guardrail end it."""

    async def work(session: AsyncSession) -> StoredReply:
        started = await service.start(session, wish, data_dir=parts.settings.data_dir, started_by=key.name)
        return StoredReply(201, started.model_dump(mode="json"))

    reply = await call.stored() or await call.run(work)
    await parts.companions.refresh_now()
    return JSONResponse(reply.body, reply.status)


@router.get("", response_model=Page[ExperimentOut], responses=responses(*_OFTEN))
async def list_experiments(
    parts: PartsDep, _: ReadKey, cursor: str | None = None, limit: PageLimit = 50
) -> Page[ExperimentOut]:
    """The newest first."""
    async with parts.database.read() as session:
        return await service.page_of_experiments(session, before=decode_cursor(cursor), limit=limit)


@router.get("/{experiment_id}", response_model=ExperimentDetails, responses=responses(*_OFTEN, NotFoundError))
async def show_experiment(experiment_id: str, parts: PartsDep, _: ReadKey) -> ExperimentDetails:
    """With estimates whose intervals may be read as often as one likes."""
    async with parts.database.read() as session:
        return await service.show(session, experiment_id, at=now())


@router.delete(
    "/{experiment_id}", response_model=ExperimentOut, responses=responses(*_OFTEN, *_ONCE, NotFoundError)
)
async def end_experiment(experiment_id: str, parts: PartsDep, key: AdminKey, call: Idempotent) -> Response:
    """Everybody gets the promoted release again; what was measured stays."""

    async def work(session: AsyncSession) -> StoredReply:
        ended = await service.end(session, experiment_id, ended_by=key.name)
        return StoredReply(200, ended.model_dump(mode="json"))

    reply = await call.stored() or await call.run(work)
    await parts.companions.refresh_now()
    return JSONResponse(reply.body, reply.status)
