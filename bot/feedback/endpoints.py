"""/v1/exchanges/{id}/feedback: thumbs, with a reason and a comment."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.idempotency import StoredReply
from bot.access.principals import KeyPrincipal, Scope
from bot.dependencies import AnyPrincipal, Idempotent
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
from bot.feedback.schemas import FeedbackIn, FeedbackOut
from bot.feedback.service import record_feedback
from bot.problems import responses

router = APIRouter(prefix="/v1/exchanges", tags=["feedback"])


@router.post(
    "/{exchange_id}/feedback",
    status_code=201,
    response_model=FeedbackOut,
    responses=responses(
        UnauthorizedError,
        ForbiddenError,
        NotFoundError,
        RateLimitedError,
        RequestRunningError,
        KeyReusedError,
        InvalidInputError,
        TooLargeError,
    ),
)
async def give_feedback(
    exchange_id: str, feedback: FeedbackIn, principal: AnyPrincipal, call: Idempotent
) -> Response:
    """Rates a reply. Rating again keeps both; the newest counts."""
    if isinstance(principal, KeyPrincipal):
        principal.require(Scope.WRITE)

    async def work(session: AsyncSession) -> StoredReply:
        given = await record_feedback(session, exchange_id, feedback, principal)
        return StoredReply(201, given.model_dump(mode="json"))

    reply = await call.stored() or await call.run(work)
    return JSONResponse(reply.body, reply.status)
