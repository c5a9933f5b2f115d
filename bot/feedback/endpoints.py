"""/v1/exchanges/{id}/feedback and /v1/feedback: thumbs, with a reason and a comment, and taking them back."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.idempotency import StoredReply
from bot.access.principals import KeyPrincipal, Scope
from bot.dependencies import AnyPrincipal, Idempotent, PageLimit, PartsDep, ReadKey, block_of_caller
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
from bot.feedback import service
from bot.feedback.schemas import FeedbackIn, FeedbackOut, Rating, VoteOut
from bot.pagination import Page, decode_cursor
from bot.problems import responses

router = APIRouter(prefix="/v1", tags=["feedback"])

_WRITING = responses(
    UnauthorizedError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    RequestRunningError,
    KeyReusedError,
    InvalidInputError,
    TooLargeError,
)


@router.post(
    "/exchanges/{exchange_id}/feedback", status_code=201, response_model=FeedbackOut, responses=_WRITING
)
async def give_feedback(
    exchange_id: str, feedback: FeedbackIn, request: Request, principal: AnyPrincipal, call: Idempotent
) -> Response:
    """Rates a reply. Rating again keeps both; the newest counts."""
    if isinstance(principal, KeyPrincipal):
        principal.require(Scope.WRITE)
    block = block_of_caller(request)

    async def work(session: AsyncSession) -> StoredReply:
        given = await service.record_feedback(session, exchange_id, feedback, principal, address_block=block)
        return StoredReply(201, given.model_dump(mode="json"))

    reply = await call.stored() or await call.run(work)
    return JSONResponse(reply.body, reply.status)


@router.delete("/exchanges/{exchange_id}/feedback", status_code=204, responses=_WRITING)
async def withdraw_feedback(exchange_id: str, principal: AnyPrincipal, call: Idempotent) -> Response:
    """Takes your vote on a reply back, as if it had not been given; 404 when there is none."""
    if isinstance(principal, KeyPrincipal):
        principal.require(Scope.WRITE)

    async def work(session: AsyncSession) -> StoredReply:
        await service.withdraw_feedback(session, exchange_id, principal)
        return StoredReply(204, {})

    reply = await call.stored() or await call.run(work)
    return Response(status_code=reply.status)


@router.get(
    "/feedback",
    response_model=Page[VoteOut],
    responses=responses(UnauthorizedError, ForbiddenError, RateLimitedError, InvalidInputError),
)
async def list_feedback(
    parts: PartsDep,
    _: ReadKey,
    rating: Rating | None = None,
    exchange_id: Annotated[str | None, Query(max_length=64)] = None,
    cursor: str | None = None,
    limit: PageLimit = 50,
) -> Page[VoteOut]:
    """Votes in the order they were given, also those that were taken back or replaced by a newer one."""
    after = decode_cursor(cursor)
    async with parts.database.read() as session:
        return await service.page_of_votes(
            session, rating=rating, exchange_id=exchange_id, after=after, limit=limit
        )
