"""What a route of the console asks for: an operator of a role. Declared by the type of an argument, such as ``caller: AsOperator``."""

import hmac
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from bot.access.principals import Role
from bot.console.gate import SAFE
from bot.errors import ForbiddenError
from bot.operators.logins import Caller

CSRF_FIELD, CSRF_HEADER = "csrf_token", "X-CSRF-Token"


@dataclass(frozen=True)
class Needs:
    role: Role

    async def __call__(self, request: Request) -> Caller:
        caller: Caller | None = request.state.caller
        if caller is None or not caller.role.allows(self.role):
            have = caller.role.value if caller else "none"
            raise ForbiddenError(f"this takes the role {self.role.value!r}; yours is {have!r}")
        return caller


AsViewer = Annotated[Caller, Depends(Needs(Role.VIEWER))]
AsOperator = Annotated[Caller, Depends(Needs(Role.OPERATOR))]
AsSupervisor = Annotated[Caller, Depends(Needs(Role.SUPERVISOR))]
AsAdmin = Annotated[Caller, Depends(Needs(Role.ADMIN))]


async def check_csrf(request: Request) -> None:
    """Of the whole mount: what changes something carries the session's token, in a field or (htmx) in a header.

    Raises:
        ForbiddenError: it does not.
    """
    caller: Caller | None = request.state.caller
    if (
        request.method in SAFE or caller is None
    ):  # the gate lets nobody but the login form pass without a session
        return
    sent = request.headers.get(CSRF_HEADER) or (await request.form()).get(CSRF_FIELD)
    if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), caller.csrf_token.encode()):
        raise ForbiddenError("the page was opened in another session; load it again")
