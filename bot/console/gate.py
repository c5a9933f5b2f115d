"""Stands before every route of the console: who is calling, from which page, and what browsers may do with the reply.

Without a session there is the login page and nothing else. What changes something has to come from a page of the console's own
origin; the token of the session is checked besides (``bot.console.access``).
"""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.console.error_pages import database_error_page, error_page
from bot.dependencies import parts_of
from bot.errors import ForbiddenError
from bot.operators.logins import Caller, find_caller, keep_alive

COOKIE = "kefu_console"
PREFIX = "/console"
LOGIN = "/login"
PUBLIC = (LOGIN, "/static/")
SAFE = ("GET", "HEAD", "OPTIONS")
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with that, browsers say "Origin: null" when they send a form.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class OperatorGate:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        request = Request(scope, receive)
        await (await self._refused(request) or self._app)(scope, receive, hardened)

    async def _refused(self, request: Request) -> Response | None:
        """What to reply instead of going on; finds out who is calling."""
        request.state.caller = None
        try:
            caller = request.state.caller = await _find(request)
        except SQLAlchemyError as error:  # the app's own handlers are behind this gate
            return await database_error_page(request, error)
        if request.method not in SAFE and not from_here(request):
            return error_page(
                request, ForbiddenError("the request does not come from a page of this console")
            )
        if caller is None and not path_of(request).startswith(PUBLIC):
            return _to_login(request)
        return None


def from_here(request: Request) -> bool:
    """By Origin, which browsers send with all that changes something; a caller without one is no browser."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def path_of(request: Request) -> str:
    """Below the mount, such as ``/review``."""
    path: str = request.scope["path"]
    return path.removeprefix(request.scope.get("root_path", ""))


async def _find(request: Request) -> Caller | None:
    token = request.cookies.get(COOKIE)
    if not token:
        return None
    database = parts_of(request).database
    caller = await database.quick.read(lambda connection: find_caller(connection, token))
    watching = request.method == "GET" and "hx-request" in request.headers
    if (
        caller is not None and not watching
    ):  # a page that looks for news by itself is no sign of anybody there
        await keep_alive(database, caller)
    return caller


def _to_login(request: Request) -> Response:
    wanted = _page_in_sight(request)
    login = PREFIX + LOGIN + (f"?next={quote(wanted, safe='/')}" if wanted not in ("", PREFIX + "/") else "")
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": login})
    return RedirectResponse(login, 303)


def _page_in_sight(request: Request) -> str:
    """Where to go on after the login: the page that was asked for, or the one that a part or a form belongs to."""
    if "hx-request" in request.headers:
        address = request.headers.get("hx-current-url", "")
    elif request.method == "GET":
        address = str(request.url)
    else:
        address = request.headers.get("referer", "")
    try:
        page = urlsplit(address)
    except ValueError:
        return ""
    if page.netloc != request.headers.get("host"):
        return ""
    return page.path + (f"?{page.query}" if page.query else "")
