"""/console/login, /console/logout, and where /console leads."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from bot.console.access import AsViewer
from bot.console.gate import COOKIE, PREFIX
from bot.console.navigation import entries_for
from bot.console.rendering import go_to, page
from bot.dependencies import PartsDep, limited_address_of
from bot.errors import RateLimitedError
from bot.operators.logins import LONGEST, WrongLoginError, log_in, log_out
from bot.operators.service import all_operators

router = APIRouter()


@router.get("/")
async def start(caller: AsViewer) -> Response:
    """The first page that one may see."""
    first = next((entry.path for entry in entries_for(caller)), PREFIX + "/account")
    return RedirectResponse(first, 303)


@router.get("/login")
async def show_login(request: Request, parts: PartsDep, next: str = "") -> Response:
    if request.state.caller is not None:
        return RedirectResponse(PREFIX + "/", 303)
    async with parts.database.read() as session:
        empty = not await all_operators(session)
    return page(request, "login.html", next=next, name="", wrong=None, empty=empty)


@router.post("/login")
async def send_login(
    request: Request,
    parts: PartsDep,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",
) -> Response:
    address = limited_address_of(request)
    parts.rate_limits.check_address(address)
    try:
        token = await log_in(parts.database, name=name, password=password, address=address)
    except (WrongLoginError, RateLimitedError) as error:
        said = "login.wrong" if isinstance(error, WrongLoginError) else "login.held_back"
        return page(request, "login.html", status=error.status, next=next, name=name, wrong=said, empty=False)
    response = RedirectResponse(next if is_ours(next) else PREFIX + "/", 303)
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(LONGEST.total_seconds()),
        path=PREFIX,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/logout")
async def send_logout(
    request: Request, parts: PartsDep, caller: AsViewer, everywhere: Annotated[bool, Form()] = False
) -> Response:
    await log_out(parts.database, caller, everywhere=everywhere)
    response = go_to(request, "/login", flash="login.ended")
    response.delete_cookie(COOKIE, path=PREFIX)
    return response


def is_ours(path: str) -> bool:
    """Whether it is a page of the console, so that a link to the login can lead to no other site."""
    return path.startswith(PREFIX + "/") and "\\" not in path and path.isprintable()
