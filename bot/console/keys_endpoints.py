"""/console/settings/keys: API keys, for programs that talk to Kefu."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from bot.access import keys as service
from bot.access.principals import Role, Scope
from bot.console.access import AsAdmin, AsSupervisor
from bot.console.rendering import go_to, page
from bot.dependencies import PartsDep

router = APIRouter(prefix="/settings/keys")

LIST = "/settings/keys"


@router.get("")
async def list_keys(request: Request, parts: PartsDep, caller: AsSupervisor) -> Response:
    async with parts.database.read() as session:
        keys = await service.all_keys(session)
    may_change = caller.role.allows(Role.ADMIN)
    return page(request, "settings/keys.html", keys=keys, scopes=list(Scope), may_change=may_change)


@router.post("")
async def create_key(
    request: Request,
    parts: PartsDep,
    caller: AsAdmin,
    scope: Annotated[Scope, Form()],
    name: Annotated[str, Form()] = "",
) -> Response:
    """Shows the key; no other page ever does."""
    async with parts.database.write() as session:
        made = await service.create_key(session, name=name, scope=scope, created_by=caller.principal.name)
    return page(
        request,
        "settings/secret.html",
        heading="keys.key_of",
        name=made.name,
        secret=made.token,
        back="/console" + LIST,
    )


@router.post("/{key_id}/revoke")
async def revoke_key(key_id: str, request: Request, parts: PartsDep, caller: AsAdmin) -> Response:
    async with parts.database.write() as session:
        await service.revoke_key(session, key_id, revoked_by=caller.principal.name)
    return go_to(request, LIST, flash="keys.revoked_now")
