"""The API key of a program that may not be able to send headers: as a header, or as Rasa's clients do, in the address."""

from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.security.http import HTTPAuthorizationCredentials

from bot.access.principals import KeyPrincipal, Scope, VisitorPrincipal
from bot.dependencies import Bearer, optional_principal
from bot.errors import ForbiddenError, UnauthorizedError


async def _key(
    request: Request,
    credentials: Bearer,
    token: Annotated[
        str | None, Query(description="The API key, for clients that can't send headers")
    ] = None,
) -> KeyPrincipal:
    if credentials is None and token:
        credentials = HTTPAuthorizationCredentials(scheme="Bearer", credentials=token)
    principal = await optional_principal(request, credentials)
    if principal is None:
        raise UnauthorizedError("send an API key as Authorization: Bearer … or ?token=…")
    if isinstance(principal, VisitorPrincipal):
        raise ForbiddenError("a visitor token can't do this; an API key with scope 'write' is needed")
    principal.require(Scope.WRITE)
    return principal


ChannelKey = Annotated[KeyPrincipal, Depends(_key)]
