"""Scripts and the style of the console: a fixed list of files, each under an address that changes with its content.

``htmx.min.js`` is htmx 2.0.11 as published (0BSD, see ``htmx.LICENSE``). ``chart.umd.min.js`` is Chart.js 4.6.1 (MIT, see
``chart.LICENSE``), without the line that names a source map.
"""

import hashlib
from importlib.resources import files

from fastapi import APIRouter
from fastapi.responses import Response

from bot.errors import NotFoundError

router = APIRouter()

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FILES = {
    path.name: (path.read_bytes(), _TYPES[path.name.rsplit(".", 1)[1]])
    for path in (files("bot.console") / "static").iterdir()
    if path.name.rsplit(".", 1)[-1] in _TYPES
}
_VERSIONS = {name: hashlib.sha256(content).hexdigest()[:12] for name, (content, _) in _FILES.items()}


def asset(name: str) -> str:
    """The address of a file; raises KeyError for one there is not."""
    return f"/console/static/{_VERSIONS[name]}/{name}"


@router.get("/static/{version}/{name}")
async def serve_asset(version: str, name: str) -> Response:
    if _VERSIONS.get(name) != version:
        raise NotFoundError(f"nothing at /console/static/{version}/{name}")
    content, media_type = _FILES[name]
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(content, media_type=f"{media_type}; charset=utf-8", headers=headers)
