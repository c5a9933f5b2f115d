"""GET /: a plain page to talk to the bot. Its files come from a fixed list, under a strict policy."""

from importlib.resources import files

from fastapi import APIRouter
from fastapi.responses import Response

from bot.errors import NotFoundError

router = APIRouter(include_in_schema=False)

_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
_FILES = {
    path.name: (path.read_bytes(), _TYPES[path.name.rsplit(".", 1)[1]])
    for path in files("bot.page").iterdir()
    if path.name.rsplit(".", 1)[-1] in _TYPES
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@router.head("/")
@router.get("/")
async def page() -> Response:
    return _served("index.html")


@router.head("/page/{name}")
@router.get("/page/{name}")
async def page_file(name: str) -> Response:
    return _served(name)


def _served(name: str) -> Response:
    if name not in _FILES:
        raise NotFoundError(f"nothing at /page/{name}")
    content, media_type = _FILES[name]
    return Response(content, media_type=f"{media_type}; charset=utf-8", headers=_HEADERS)
