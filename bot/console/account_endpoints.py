"""/console/account: one's own language, clock and password."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from bot.console.access import AsViewer
from bot.console.rendering import go_to, page
from bot.dependencies import PartsDep
from bot.operators.logins import WrongLoginError, confirm_password
from bot.operators.passwords import SHORTEST, hash_password
from bot.operators.service import set_password, set_preferences, time_zones

router = APIRouter(prefix="/account")


@router.get("")
async def show_account(request: Request, caller: AsViewer) -> Response:
    return page(
        request,
        "account.html",
        zones=time_zones(),
        zone=caller.time_zone.key if caller.time_zone else "",
        shortest=SHORTEST,
    )


@router.post("/preferences")
async def send_preferences(
    request: Request,
    parts: PartsDep,
    caller: AsViewer,
    language: Annotated[str, Form()] = "",
    time_zone: Annotated[str, Form()] = "",
) -> Response:
    async with parts.database.write() as session:
        await set_preferences(
            session, caller.principal.id, language=language or None, time_zone=time_zone.strip() or None
        )
    return go_to(request, "/account", flash="account.saved")


@router.post("/password")
async def send_password(
    request: Request,
    parts: PartsDep,
    caller: AsViewer,
    present: Annotated[str, Form()] = "",
    new: Annotated[str, Form()] = "",
) -> Response:
    """Ends all other sessions, which may be somebody else's."""
    try:
        await confirm_password(parts.database, caller, present)
    except WrongLoginError:
        return go_to(request, "/account", flash="account.wrong_password", wrong=True)
    hashed = await hash_password(new)
    async with parts.database.write() as session:
        await set_password(
            session, caller.principal.id, hashed, set_by=caller.principal.name, keep=caller.session_id
        )
    return go_to(request, "/account", flash="account.password_changed")
