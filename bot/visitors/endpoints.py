"""/v1/conversations: a visitor's list of their own, rating one, and deleting it."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.idempotency import StoredReply
from bot.access.principals import KeyPrincipal, Scope
from bot.dependencies import AnyPrincipal, Idempotent, PageLimit, PartsDep
from bot.erasing.service import erase_conversation
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
from bot.pagination import Page, decode_cursor
from bot.problems import responses
from bot.visitors import service
from bot.visitors.schemas import ConversationOut, RatingIn, RatingOut

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])

_OFTEN = (UnauthorizedError, ForbiddenError, RateLimitedError, InvalidInputError)
_WRITING = responses(*_OFTEN, NotFoundError, RequestRunningError, KeyReusedError, TooLargeError)


@router.get("", response_model=Page[ConversationOut], responses=responses(*_OFTEN))
async def list_conversations(
    parts: PartsDep, principal: AnyPrincipal, cursor: str | None = None, limit: PageLimit = 20
) -> Page[ConversationOut]:
    """The visitor's own conversations, the newest first; with an API key those of all visitors."""
    before = decode_cursor(cursor)
    async with parts.database.read() as session:
        return await service.page_of_conversations(session, principal, before=before, limit=limit)


@router.post("/{conversation_id}/rating", status_code=201, response_model=RatingOut, responses=_WRITING)
async def rate_conversation(
    conversation_id: str, rating: RatingIn, principal: AnyPrincipal, call: Idempotent
) -> Response:
    """Rates a conversation as a whole. Rating again replaces what was said before."""
    if isinstance(principal, KeyPrincipal):
        principal.require(Scope.WRITE)

    async def work(session: AsyncSession) -> StoredReply:
        given = await service.rate_conversation(session, conversation_id, rating, principal)
        return StoredReply(201, given.model_dump(mode="json"))

    reply = await call.stored() or await call.run(work)
    return JSONResponse(reply.body, reply.status)


@router.delete("/{conversation_id}", status_code=204, responses=_WRITING)
async def delete_conversation(
    conversation_id: str, parts: PartsDep, principal: AnyPrincipal, call: Idempotent
) -> Response:
    """Deletes a conversation for good: the visitor their own; an API key needs scope admin."""
    if isinstance(principal, KeyPrincipal):
        principal.require(Scope.ADMIN)

    async def work(session: AsyncSession) -> StoredReply:
        await erase_conversation(session, parts.settings, conversation_id, principal)
        return StoredReply(204, {})

    reply = await call.stored() or await call.run(work)
    parts.scrubbing.ask()
    return Response(status_code=reply.status)
