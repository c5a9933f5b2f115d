"""/v1/conversations/{id}/handoff and …/agent-replies, /v1/handoffs: from the bot to a person and back."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response

from bot.access.idempotency import IdempotentCall, StoredReply
from bot.access.principals import KeyPrincipal, Principal, Scope
from bot.conversations.service import reachable
from bot.db.conversation_tables import HandoffState
from bot.db.transactions import Connection
from bot.dependencies import AnyPrincipal, Idempotent, OperatorKey, PageLimit, Parts, PartsDep
from bot.errors import (
    ForbiddenError,
    HandoffStateError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    RateLimitedError,
    RequestRunningError,
    TooLargeError,
    UnauthorizedError,
)
from bot.handoffs import service
from bot.handoffs.availability import note_presence, presence_is_stale
from bot.handoffs.briefing import briefing, page_of_handoffs
from bot.handoffs.schemas import (
    AgentReplyIn,
    AgentReplyOut,
    BriefingOut,
    ContactIn,
    HandoffIn,
    HandoffOut,
    OperatorHandoff,
)
from bot.pagination import Page, decode_cursor
from bot.problems import responses
from bot.settings import HandoffSettings

router = APIRouter(prefix="/v1")

_OFTEN = (UnauthorizedError, ForbiddenError, RateLimitedError)
_ONCE = (RequestRunningError, KeyReusedError, InvalidInputError, TooLargeError)
_STEP = responses(*_OFTEN, NotFoundError, HandoffStateError, *_ONCE)
State = Annotated[HandoffState | None, Query(description="Only these; those that are open when left out")]
Step = Callable[..., HandoffOut]


@router.post(
    "/conversations/{conversation_id}/handoff",
    response_model=HandoffOut,
    tags=["conversations"],
    responses=responses(*_OFTEN, NotFoundError, *_ONCE),
)
async def ask_for_person(
    conversation_id: str,
    parts: PartsDep,
    principal: AnyPrincipal,
    call: Idempotent,
    handoff: HandoffIn | None = None,
) -> Response:
    """Asks for a person. Asking again returns the handoff that is open."""
    _may_write(principal)
    reason = (handoff or HandoffIn()).reason

    def work(connection: Connection) -> HandoffOut:
        reachable(connection, conversation_id, principal)
        return service.ask_for_person(
            connection, conversation_id, reason=reason, asked_by=principal, settings=parts.settings
        )

    return await _once(call, work)


@router.delete(
    "/conversations/{conversation_id}/handoff",
    status_code=204,
    tags=["conversations"],
    responses=responses(*_OFTEN, NotFoundError),
)
async def withdraw_request(conversation_id: str, parts: PartsDep, principal: AnyPrincipal) -> None:
    """The visitor wants no person any more, or goes back from the person to the bot."""
    _may_write(principal)

    def work(connection: Connection) -> None:
        reachable(connection, conversation_id, principal)
        service.withdraw(connection, conversation_id)

    await parts.database.quick.write(work)


@router.post(
    "/conversations/{conversation_id}/handoff/contact",
    response_model=HandoffOut,
    tags=["conversations"],
    responses=_STEP,
)
async def leave_contact(
    conversation_id: str, contact: ContactIn, parts: PartsDep, principal: AnyPrincipal, call: Idempotent
) -> Response:
    """Where the visitor can be reached when nobody is there; again replaces it."""
    _may_write(principal)

    def work(connection: Connection) -> HandoffOut:
        reachable(connection, conversation_id, principal)
        return service.leave_contact(connection, conversation_id, contact, parts.settings.handoffs)

    return await _once(call, work)


@router.post(
    "/conversations/{conversation_id}/agent-replies",
    status_code=201,
    response_model=AgentReplyOut,
    tags=["conversations"],
    responses=_STEP,
)
async def add_agent_reply(
    conversation_id: str, said: AgentReplyIn, key: OperatorKey, call: Idempotent
) -> Response:
    """Says something to the visitor as a person, and keeps it as a draft answer to what they had asked.

    Takes the handoff if nobody has: from then on the bot is silent.
    """

    def work(connection: Connection) -> StoredReply:
        replied = service.reply_as_agent(connection, conversation_id, said, agent=key)
        return StoredReply(201, replied.model_dump(mode="json"))

    reply = await call.stored() or await call.run_quick(work)
    return JSONResponse(reply.body, reply.status)


@router.get("/handoffs", tags=["handoffs"], responses=responses(*_OFTEN, InvalidInputError))
async def list_handoffs(
    parts: PartsDep,
    key: OperatorKey,
    state: State = None,
    cursor: str | None = None,
    limit: PageLimit = 50,
) -> Page[OperatorHandoff]:
    """What waits for a person, what a person has, and what nobody came for; the oldest first."""
    after = decode_cursor(cursor)
    await _seen(parts, key)
    return await parts.database.quick.read(
        lambda c: page_of_handoffs(c, parts.settings.handoffs, state=state, after=after, limit=limit)
    )


@router.get("/handoffs/{handoff_id}/briefing", tags=["handoffs"], responses=responses(*_OFTEN, NotFoundError))
async def show_briefing(handoff_id: str, parts: PartsDep, key: OperatorKey) -> BriefingOut:
    """What an operator should know before they say a word."""
    await _seen(parts, key)
    return await parts.database.quick.read(lambda c: briefing(c, handoff_id))


@router.post("/handoffs/{handoff_id}/take", response_model=HandoffOut, tags=["handoffs"], responses=_STEP)
async def take_handoff(handoff_id: str, parts: PartsDep, key: OperatorKey, call: Idempotent) -> Response:
    """From now on the operator speaks and the bot is silent. Exactly one can take it."""
    return await _step(service.take, handoff_id, parts, key, call)


@router.post(
    "/handoffs/{handoff_id}/hand-back", response_model=HandoffOut, tags=["handoffs"], responses=_STEP
)
async def hand_back(handoff_id: str, parts: PartsDep, key: OperatorKey, call: Idempotent) -> Response:
    """The bot speaks again."""
    return await _step(service.hand_back, handoff_id, parts, key, call)


@router.post("/handoffs/{handoff_id}/close", response_model=HandoffOut, tags=["handoffs"], responses=_STEP)
async def close_handoff(handoff_id: str, parts: PartsDep, key: OperatorKey, call: Idempotent) -> Response:
    """Ends the conversation; when the visitor writes again, the bot answers."""
    return await _step(service.close, handoff_id, parts, key, call)


async def _step(
    step: Step, handoff_id: str, parts: Parts, key: KeyPrincipal, call: IdempotentCall
) -> Response:
    settings: HandoffSettings = parts.settings.handoffs
    return await _once(call, lambda c: step(c, handoff_id, agent=key, settings=settings))


async def _once(call: IdempotentCall, work: Callable[[Connection], HandoffOut]) -> Response:
    def stored(connection: Connection) -> StoredReply:
        return StoredReply(200, work(connection).model_dump(mode="json"))

    reply = await call.stored() or await call.run_quick(stored)
    return JSONResponse(reply.body, reply.status)


async def _seen(parts: Parts, key: KeyPrincipal) -> None:
    """Looking is being there; written down twice a minute at most."""
    if await parts.database.quick.read(lambda c: presence_is_stale(c, key)):
        await parts.database.quick.write(lambda c: note_presence(c, key))


def _may_write(principal: Principal) -> None:
    if isinstance(principal, KeyPrincipal):
        principal.require(Scope.WRITE)
