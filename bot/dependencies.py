"""What endpoints ask for: the parts of the running app, and who is calling."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Query, Request
from fastapi.security import HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from bot.access.address_blocks import AddressBlocks, caller_of
from bot.access.idempotency import IdempotentCall, RunningRequests
from bot.access.origins import SiteOrigins
from bot.access.principals import KeyPrincipal, Principal, Scope, TokenPrincipal, identify
from bot.access.rate_limits import RateLimits
from bot.answering.companions import Companions
from bot.answering.serving import ReleaseFollower
from bot.conversations.ordering import InOrder
from bot.db.engine import Database
from bot.erasing.scrubbing import Scrubbing
from bot.errors import ForbiddenError, UnauthorizedError
from bot.phrasing.service import Phrasing
from bot.review.desk import ReviewDesk
from bot.settings import Settings
from bot.shadowing.shadows import Shadows

IDEMPOTENCY = "Makes a repeated request happen once. Without a token it has to hold a random UUID (version 4), or is passed over"
CONVERSATION_HEADER = "X-Kefu-Conversation"
"""Names the conversation of a call whose protocol has no place for it."""
bearer = HTTPBearer(auto_error=False, description="A visitor token or an API key")


@dataclass(frozen=True)
class Parts:
    """Everything that is made once, when the app starts."""

    settings: Settings
    database: Database
    follower: ReleaseFollower
    companions: Companions
    shadows: Shadows
    rate_limits: RateLimits
    running: RunningRequests
    address_blocks: AddressBlocks
    desk: ReviewDesk
    scrubbing: Scrubbing
    origins: SiteOrigins
    phrasing: Phrasing
    in_order: InOrder


def parts_of(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


async def _parts(request: Request) -> Parts:
    """Not a plain function: FastAPI runs those on a thread of their own."""
    return parts_of(request)


PartsDep = Annotated[Parts, Depends(_parts)]
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


def address_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def limited_address_of(request: Request) -> str:
    """What limits by address go by; not each address of those that one machine may take."""
    return caller_of(address_of(request))


def block_of_caller(request: Request) -> str | None:
    """The keyed hash of the network that a request comes from; None where that can't be told."""
    return parts_of(request).address_blocks.hashed(address_of(request))


async def optional_principal(request: Request, credentials: Bearer) -> TokenPrincipal | None:
    """Who is calling, held to their rate limit; None when no token was sent.

    Found out once a request: FastAPI walks through all that a dependency depends on each time it is named, so the
    dependencies of a message are kept flat.
    """
    if not hasattr(request.state, "principal"):
        request.state.principal = await _identified(request, credentials)
    principal: TokenPrincipal | None = request.state.principal
    return principal


async def _identified(
    request: Request, credentials: HTTPAuthorizationCredentials | None
) -> TokenPrincipal | None:
    parts = parts_of(request)
    if credentials is None:
        parts.rate_limits.check_address(limited_address_of(request))
        return None
    token = credentials.credentials
    try:
        principal = await parts.database.quick.read(lambda connection: identify(connection, token))
    except UnauthorizedError:
        parts.rate_limits.check_address(limited_address_of(request))
        raise
    if isinstance(principal, KeyPrincipal):
        parts.rate_limits.check_key(principal.id)
    else:
        parts.rate_limits.check_visitor(principal.id)
        await parts.origins.check_site(request.scope, principal.site_id)
    return principal


OptionalPrincipal = Annotated[Principal | None, Depends(optional_principal)]
ALSO_WITHOUT_TOKEN: dict[str, object] = {"security": [{}]}
"""``openapi_extra`` of an endpoint that asks for it; FastAPI adds to the bearer token that it describes for every dependency on one."""


async def any_principal(request: Request, credentials: Bearer) -> Principal:
    principal = await optional_principal(request, credentials)
    if principal is None:
        raise UnauthorizedError("send a visitor token or an API key as Authorization: Bearer …")
    return principal


AnyPrincipal = Annotated[Principal, Depends(any_principal)]


def _key_with(scope: Scope) -> object:
    async def key(principal: AnyPrincipal) -> KeyPrincipal:
        if not isinstance(principal, KeyPrincipal):
            raise ForbiddenError(
                f"a visitor token can't do this; an API key with scope {scope.value!r} is needed"
            )
        principal.require(scope)
        return principal

    return Depends(key)


ReadKey = Annotated[KeyPrincipal, _key_with(Scope.READ)]
WriteKey = Annotated[KeyPrincipal, _key_with(Scope.WRITE)]
OperatorKey = Annotated[KeyPrincipal, _key_with(Scope.OPERATOR)]
AdminKey = Annotated[KeyPrincipal, _key_with(Scope.ADMIN)]


async def idempotent_call(
    request: Request,
    credentials: Bearer,
    idempotency_key: Annotated[str | None, Header(description=IDEMPOTENCY)] = None,
) -> AsyncIterator[IdempotentCall]:
    parts, principal = parts_of(request), await optional_principal(request, credentials)
    caller = principal.name if principal else f"address:{address_of(request)}"
    address = f"{request.method} {request.url.path}\n{request.headers.get(CONVERSATION_HEADER, '')}"
    content = address.encode() + await request.body()
    call = IdempotentCall(
        parts.database, principal=caller, key=idempotency_key, request=content, anonymous=principal is None
    )
    if call.key is None:
        yield call
        return
    parts.running.begin(caller, call.key)
    try:
        yield call
    finally:
        parts.running.end(caller, call.key)


Idempotent = Annotated[IdempotentCall, Depends(idempotent_call, scope="function")]
PageLimit = Annotated[int, Query(ge=1, le=100, description="Rows a page")]
