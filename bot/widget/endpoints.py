"""GET /widget.js and /widget/…: the widget as it was built from bot/widget/src, compressed once at start."""

import gzip
import hashlib
from dataclasses import dataclass
from importlib.resources import files

from fastapi import APIRouter, Request
from fastapi.responses import Response

from bot.errors import NotFoundError

router = APIRouter(include_in_schema=False)

_TYPES = {"js": "text/javascript", "txt": "text/plain"}
_LOADER, _LASTING = "widget.js", {"widget.js", "module.js", "licenses.txt"}
"""Names that stay the same when what they hold changes; all others carry a hash."""


@dataclass(frozen=True)
class _File:
    content: bytes
    compressed: bytes
    etag: str
    headers: dict[str, str]


def _read(name: str, content: bytes) -> _File:
    headers = {
        "Content-Type": f"{_TYPES[name.rsplit('.', 1)[1]]}; charset=utf-8",
        "Cache-Control": "no-cache" if name in _LASTING else "public, max-age=31536000, immutable",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
    }
    etag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
    return _File(content, gzip.compress(content, mtime=0), etag, headers)


_FILES = {
    path.name: _read(path.name, path.read_bytes())
    for path in files("bot.widget").joinpath("built").iterdir()
    if path.name.rsplit(".", 1)[-1] in _TYPES
}


@router.head("/widget.js")
@router.get("/widget.js")
async def loader(request: Request) -> Response:
    """What a page's script tag names: small, and looked up again on each visit."""
    return _served(_LOADER, request)


@router.head("/widget/{name}")
@router.get("/widget/{name}")
async def widget_file(name: str, request: Request) -> Response:
    if name == _LOADER or name not in _FILES:
        raise NotFoundError(f"nothing at /widget/{name}")
    return _served(name, request)


def _served(name: str, request: Request) -> Response:
    file = _FILES[name]
    headers = file.headers | {"ETag": file.etag}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.compressed, headers=headers | {"Content-Encoding": "gzip"})
    return Response(file.content, headers=headers)
