"""/v1/training-runs: asking for training, following it, ending it."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.idempotency import StoredReply
from bot.db.training_tables import RunTrigger
from bot.dependencies import AdminKey, Idempotent, PageLimit, PartsDep, ReadKey
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
)
from bot.pagination import Page, decode_cursor
from bot.problems import responses
from bot.retraining import service
from bot.retraining.schemas import RunOptions, TrainingRunOut, TrainingRunWish

router = APIRouter(prefix="/v1/training-runs", tags=["training runs"])

_OFTEN = (UnauthorizedError, ForbiddenError, RateLimitedError)
_ONCE = (RequestRunningError, KeyReusedError, InvalidInputError)
LogLines = Annotated[int, Query(ge=1, le=2000, description="How many of the last lines")]


@router.post(
    "",
    status_code=201,
    response_model=TrainingRunOut,
    responses={
        **responses(*_OFTEN, *_ONCE, TooLargeError),
        200: {"model": TrainingRunOut, "description": "A run waits or trains already: this is it"},
    },
)
async def request_training(
    wish: TrainingRunWish, parts: PartsDep, key: AdminKey, call: Idempotent
) -> Response:
    """Asks a worker to train on what is approved. While a run waits or trains, further wishes join it."""

    async def work(session: AsyncSession) -> StoredReply:
        run, is_new = await service.request_run(
            session,
            trigger=RunTrigger.MANUAL,
            requested_by=key.name,
            reason=wish.reason,
            options=RunOptions(tune=wish.tune, seed=wish.seed, recalibrate=wish.recalibrate),
        )
        shown = service.run_out(run, parts.settings)
        return StoredReply(201 if is_new else 200, shown.model_dump(mode="json"))

    reply = await call.stored() or await call.run(work)
    return JSONResponse(reply.body, reply.status)


@router.get("", response_model=Page[TrainingRunOut], responses=responses(*_OFTEN, InvalidInputError))
async def list_training_runs(
    parts: PartsDep, _: ReadKey, cursor: str | None = None, limit: PageLimit = 50
) -> Page[TrainingRunOut]:
    """The newest first."""
    async with parts.database.read() as session:
        return await service.page_of_runs(session, parts.settings, before=decode_cursor(cursor), limit=limit)


@router.get("/{run_id}", response_model=TrainingRunOut, responses=responses(*_OFTEN, NotFoundError))
async def show_training_run(run_id: str, parts: PartsDep, _: ReadKey) -> TrainingRunOut:
    """A run with its progress, which is at most some seconds old, or its outcome."""
    async with parts.database.read() as session:
        return service.run_out(await service.find(session, run_id), parts.settings)


@router.post(
    "/{run_id}/cancel",
    response_model=TrainingRunOut,
    responses=responses(*_OFTEN, *_ONCE, NotFoundError, ConflictError),
)
async def cancel_training_run(run_id: str, parts: PartsDep, key: AdminKey, call: Idempotent) -> Response:
    """Ends a waiting run at once and one that trains within seconds; what it has learnt by then speeds up the next one."""

    async def work(session: AsyncSession) -> StoredReply:
        run = await service.cancel_run(session, run_id, cancelled_by=key.name)
        return StoredReply(200, service.run_out(run, parts.settings).model_dump(mode="json"))

    reply = await call.stored() or await call.run(work)
    return JSONResponse(reply.body, reply.status)


@router.get(
    "/{run_id}/log",
    response_class=PlainTextResponse,
    responses=responses(*_OFTEN, NotFoundError, InvalidInputError),
)
async def read_training_log(
    run_id: str, parts: PartsDep, _: AdminKey, lines: LogLines = 200
) -> PlainTextResponse:
    """The last lines of what the run said; empty while it waits, or where another machine keeps the log."""
    async with parts.database.read() as session:
        found = await service.read_log(session, parts.settings, run_id, lines=lines)
    return PlainTextResponse("".join(f"{line}\n" for line in found), headers={"Cache-Control": "no-store"})
