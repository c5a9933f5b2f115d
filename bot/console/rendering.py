"""Makes pages of templates. Everything that a template puts into a page is escaped; none may switch that off."""

import json
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.console.assets import asset
from bot.console.flashes import flash_of, forget_flash, put_flash
from bot.console.languages import TEXTS, language_of, translator
from bot.console.navigation import entries_for
from bot.db.base import now
from bot.moments import in_zone
from bot.operators.logins import Caller

templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
templates.globals["asset"] = asset
templates.globals["new_form_key"] = lambda: secrets.token_urlsafe(16)
templates.filters["to_json"] = lambda value: json.dumps(value, ensure_ascii=False)  # escaped, as all is
templates.filters["iso"] = lambda moment: moment.isoformat(timespec="seconds")


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
    """A whole page, or a part of one; says what was flashed before and forgets it."""
    flash = flash_of(request)
    html = templates.get_template(template).render(_common(request) | {"flash": flash} | context)
    response = HTMLResponse(html, status, headers={"Vary": "Accept-Language, Cookie"})
    if flash is not None:
        forget_flash(response)
    return response


def part(request: Request, template: str, **context: Any) -> Response:
    """What htmx puts into a page that is there; a flash waits for the next whole page."""
    html = templates.get_template(template).render(_common(request) | {"flash": None} | context)
    return HTMLResponse(html)


def go_to(
    request: Request, path: str, *, flash: str | None = None, wrong: bool = False, **values: str
) -> Response:
    """To another page of the console (``/review``) once something was done; ``flash`` is the text that says so."""
    target = request.scope.get("root_path", "") + path
    if is_htmx(request):
        response = Response(status_code=204, headers={"HX-Redirect": target})
    else:
        response = RedirectResponse(target, 303)
    if flash is not None:
        put_flash(request, response, flash, wrong=wrong, values=values)
    return response


def is_htmx(request: Request) -> bool:
    return "hx-request" in request.headers


def _common(request: Request) -> dict[str, Any]:
    caller: Caller | None = getattr(request.state, "caller", None)
    language = language_of(request)
    translate = translator(language)
    zone = caller.time_zone if caller else None
    return {
        "request": request,
        "path": request.url.path,
        "language": language,
        "t": translate,
        "me": caller,
        "navigation": entries_for(caller),
        "named": lambda group, word: translate(f"{group}.{word}") if f"{group}.{word}" in TEXTS else word,
        "local": lambda moment: local_time(moment, zone),
        "since": lambda moment: ago(moment, translate),
    }


def local_time(moment: datetime, zone: ZoneInfo | None) -> str:
    """In the operator's time zone; without one in UTC, and says so."""
    if zone is None:
        return f"{moment:%Y-%m-%d %H:%M} UTC"
    return f"{in_zone(moment, zone):%Y-%m-%d %H:%M}"


def ago(moment: datetime, translate: Any) -> str:
    """How long it was, in the largest unit that fits."""
    passed = max(now() - moment, timedelta(0))
    for key, unit in (("days", timedelta(days=1)), ("hours", timedelta(hours=1))):
        if passed >= unit:
            return str(translate(f"ago.{key}", count=passed // unit))
    minutes = passed // timedelta(minutes=1)
    return str(translate("ago.minutes", count=minutes) if minutes else translate("ago.now"))
