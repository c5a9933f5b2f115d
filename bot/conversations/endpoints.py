"""/v1/conversations: what visitors and integrators talk through."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.background import BackgroundTask

from bot.access.idempotency import StoredReply
from bot.access.principals import KeyPrincipal, Principal, Scope
from bot.access.visitor_tokens import VisitorTokens
from bot.answering.choosing import may_choose
from bot.answering.understanding import Understood
from bot.conversations import repository, service, streaming
from bot.conversations.presenting import exchange_body, message_out
from bot.conversations.schemas import (
    ConversationStart,
    ConversationStarted,
    ExchangeOut,
    ExplainedExchange,
    MessageIn,
    MessageOut,
)
from bot.conversations.turns import Turn, take_turn
from bot.db.base import JsonObject
from bot.db.transactions import Connection
from bot.dependencies import (
    ALSO_WITHOUT_TOKEN,
    AnyPrincipal,
    Bearer,
    Idempotent,
    OptionalPrincipal,
    PageLimit,
    Parts,
    PartsDep,
    block_of_caller,
)
from bot.errors import (
    ForbiddenError,
    IdentityRefusedError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    RateLimitedError,
    RequestRunningError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
)
from bot.handoffs import service as handoffs
from bot.handoffs.schemas import ConversationOut
from bot.pagination import Page, cut, decode_number, is_row_number
from bot.problems import responses

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])

_OFTEN = (UnauthorizedError, NotFoundError, RateLimitedError)
_ONCE = (RequestRunningError, KeyReusedError, InvalidInputError, TooLargeError)
Explain = Annotated[bool, Query(description="With an API key: also the evidence")]


@router.post(
    "",
    status_code=201,
    response_model=ConversationStarted,
    responses=responses(UnauthorizedError, IdentityRefusedError, ForbiddenError, RateLimitedError, *_ONCE),
    openapi_extra=ALSO_WITHOUT_TOKEN,
)
async def start_conversation(
    start: ConversationStart,
    request: Request,
    parts: PartsDep,
    principal: OptionalPrincipal,
    bearer: Bearer,
    call: Idempotent,
) -> Response:
    """Opens a conversation. Without a token a new visitor is made; keep the token, it is shown only here.

    Without a token, an `Idempotency-Key` is honoured when it holds a random UUID (version 4): whoever could guess it
    would be given the conversation. With an `identity` the visitor gets another token.
    """
    if principal is not None:
        _may(principal, Scope.WRITE)
    if not isinstance(principal, KeyPrincipal):
        await parts.origins.check_key(request.scope, start.site)
    credentials = bearer.credentials if bearer else None
    tokens = VisitorTokens.of_request(
        principal,
        credentials=credentials,
        idempotency_key=call.key,
        renewed=start.identity is not None,
    )

    async def work(session: AsyncSession) -> StoredReply:
        started = await service.start_conversation(
            session, start, principal=principal, tokens=tokens, languages=parts.settings.languages
        )
        return StoredReply(201, started.model_dump(mode="json", exclude={"visitor_token"}))

    reply = await call.stored() or await call.run(work)
    token = tokens.token_for(reply.body["conversation_id"])
    return JSONResponse({**reply.body, "visitor_token": token}, reply.status)


@router.post(
    "/{conversation_id}/messages",
    response_model=ExplainedExchange | ExchangeOut,
    responses={
        **responses(*_OFTEN, *_ONCE, ForbiddenError, UnavailableError),
        200: {"content": {"text/event-stream": {}}},
    },
)
async def send_message(
    conversation_id: str,
    message: MessageIn,
    request: Request,
    parts: PartsDep,
    principal: AnyPrincipal,
    call: Idempotent,
    explain: Explain = False,
) -> Response:
    """Answers a message, or gives the answer chosen among those the last reply offered.

    With ``Accept: text/event-stream`` the reply comes as events ``delta`` … ``exchange``.
    """
    _may(principal, Scope.WRITE)
    stored, understood = await call.stored(), None
    if stored is None:
        chooses = message.choice is not None or may_choose(message.text or "")
        block = block_of_caller(request) if chooses else None
        stored, understood = await _answered(
            parts, principal, conversation_id, message, call, address_block=block
        )
    body = exchange_body(stored.body, explain=explain and isinstance(principal, KeyPrincipal))
    response: Response = JSONResponse(body)
    if "text/event-stream" in request.headers.get("accept", ""):
        response = streaming.event_stream(streaming.exchange_events(body))
    if understood is not None:
        response.background = BackgroundTask(parts.shadows.offer, understood, stored.body)
    return response


async def _answered(
    parts: Parts,
    principal: Principal,
    conversation_id: str,
    message: MessageIn,
    call: Idempotent,
    *,
    address_block: str | None,
) -> tuple[StoredReply, Understood | None]:
    """The reply, and what the bot understood of a text that it answered."""
    conversation = await _reachable(parts, conversation_id, principal)
    if message.choice is not None:
        choice = message.choice

        def give_choice(connection: Connection) -> StoredReply:
            row = service.answer_choice(
                connection,
                conversation,
                choice,
                chosen_by=principal,
                settings=parts.settings.handoffs,
                address_block=address_block,
            )
            return StoredReply(200, _storable(row, None))

        return await call.run_quick(give_choice), None
    turn = Turn(message.text or "", principal, conversation, _storable, address_block=address_block)
    taken = await take_turn(parts, call, turn)
    return taken.reply, taken.answered


@router.get(
    "/{conversation_id}/messages",
    response_model=Page[MessageOut],
    responses=responses(*_OFTEN, InvalidInputError),
)
async def list_messages(
    conversation_id: str,
    parts: PartsDep,
    principal: AnyPrincipal,
    cursor: str | None = None,
    limit: PageLimit = 50,
) -> Page[MessageOut]:
    after = decode_number(cursor)
    await _reachable(parts, conversation_id, principal)
    rows = await parts.database.quick.read(
        lambda c: repository.messages_after(c, conversation_id, position=after, limit=limit + 1)
    )
    page, next_cursor = cut(rows, limit=limit, key=lambda row: str(row.position))
    return Page(items=[message_out(row) for row in page], next_cursor=next_cursor)


@router.get(
    "/{conversation_id}/events",
    responses={**responses(*_OFTEN), 200: {"content": {"text/event-stream": {}}}},
    response_class=Response,
)
async def follow_conversation(
    conversation_id: str,
    request: Request,
    parts: PartsDep,
    principal: AnyPrincipal,
    bearer: Bearer,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Messages and changes of state as they happen; ``Last-Event-ID`` resumes after a break."""
    conversation = await _reachable(parts, conversation_id, principal)
    seen = last_event_id or ""
    after = int(seen) if is_row_number(seen) else conversation.last_position
    assert bearer is not None, "whoever is known has sent a token"
    events = streaming.conversation_events(
        parts.database,
        conversation_id,
        bearer.credentials,
        after=after,
        stopping=request.app.state.stopping,
    )
    return streaming.event_stream(events)


@router.get("/{conversation_id}", response_model=ConversationOut, responses=responses(*_OFTEN))
async def show_conversation(
    conversation_id: str, parts: PartsDep, principal: AnyPrincipal
) -> ConversationOut:
    """Who speaks in it, and the handoff that is open, if any."""
    await _reachable(parts, conversation_id, principal)
    return await parts.database.quick.read(
        lambda c: handoffs.describe(c, conversation_id, parts.settings.handoffs)
    )


async def _reachable(parts: Parts, conversation_id: str, principal: Principal) -> repository.ConversationRow:
    return await parts.database.quick.read(lambda c: service.reachable(c, conversation_id, principal))


def _may(principal: Principal, scope: Scope) -> None:
    if isinstance(principal, KeyPrincipal):
        principal.require(scope)


def _storable(row: JsonObject, _: Understood | None) -> JsonObject:
    """An exchange's row with JSON types only, so that a repetition can be answered from it."""
    created_at = row["created_at"]
    return {**row, "created_at": created_at.isoformat()}
