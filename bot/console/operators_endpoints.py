"""/console/settings/operators: who may log in, and as what."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from bot.access.principals import Role
from bot.console.access import AsAdmin, AsSupervisor
from bot.console.rendering import go_to, page
from bot.dependencies import PartsDep
from bot.operators import service
from bot.operators.passwords import hash_password, new_password

router = APIRouter(prefix="/settings/operators")

LIST = "/settings/operators"


@router.get("")
async def list_operators(request: Request, parts: PartsDep, caller: AsSupervisor) -> Response:
    async with parts.database.read() as session:
        accounts = await service.all_operators(session)
    may_change = caller.role.allows(Role.ADMIN)
    return page(
        request, "settings/operators.html", accounts=accounts, roles=list(Role), may_change=may_change
    )


@router.post("")
async def create_operator(
    request: Request,
    parts: PartsDep,
    caller: AsAdmin,
    role: Annotated[Role, Form()],
    name: Annotated[str, Form()] = "",
) -> Response:
    """Shows the password that was made for them; no other page ever does."""
    password = new_password()
    hashed = await hash_password(password)
    async with parts.database.write() as session:
        account = await service.create_operator(
            session, name=name, role=role, password_hash=hashed, created_by=caller.principal.name
        )
    return _with_password(request, account.name, password)


@router.post("/{operator_id}/role")
async def set_role(
    operator_id: str, request: Request, parts: PartsDep, caller: AsAdmin, role: Annotated[Role, Form()]
) -> Response:
    async with parts.database.write() as session:
        account = await service.set_role(session, operator_id, role, set_by=caller.principal.name)
    return go_to(request, LIST, flash="operators.role_set", name=account.name)


@router.post("/{operator_id}/password")
async def reset_password(operator_id: str, request: Request, parts: PartsDep, caller: AsAdmin) -> Response:
    """Ends all their sessions."""
    password = new_password()
    hashed = await hash_password(password)
    async with parts.database.write() as session:
        account = await service.set_password(session, operator_id, hashed, set_by=caller.principal.name)
    return _with_password(request, account.name, password)


@router.post("/{operator_id}/disable")
async def disable_operator(operator_id: str, request: Request, parts: PartsDep, caller: AsAdmin) -> Response:
    async with parts.database.write() as session:
        account = await service.disable_operator(session, operator_id, disabled_by=caller.principal.name)
    return go_to(request, LIST, flash="operators.disabled_now", name=account.name)


@router.post("/{operator_id}/enable")
async def enable_operator(operator_id: str, request: Request, parts: PartsDep, caller: AsAdmin) -> Response:
    async with parts.database.write() as session:
        account = await service.enable_operator(session, operator_id, enabled_by=caller.principal.name)
    return go_to(request, LIST, flash="operators.enabled_now", name=account.name)


def _with_password(request: Request, name: str, password: str) -> Response:
    return page(
        request,
        "settings/secret.html",
        heading="operators.password_of",
        name=name,
        secret=password,
        back="/console" + LIST,
    )
