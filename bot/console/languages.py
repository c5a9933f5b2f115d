"""Which language the console speaks with somebody, and its texts.

All texts are pairs (English, Chinese) in ``bot/console/texts``, one module a page, so that none can be missing in one language.
"""

from collections.abc import Callable, Mapping
from typing import Literal

from starlette.requests import Request

from bot.console.texts import (
    account,
    candidates,
    dashboard,
    documents,
    errors,
    frame,
    gaps,
    inbox,
    knowledge,
    releases,
    review,
    settings,
    tolerance,
    training,
    webhooks,
)
from bot.operators.logins import Caller

Spoken = Literal["en", "zh"]
Translate = Callable[..., str]
MODULES = (
    account,
    candidates,
    dashboard,
    documents,
    errors,
    frame,
    gaps,
    inbox,
    knowledge,
    releases,
    review,
    settings,
    tolerance,
    training,
    webhooks,
)
TEXTS: Mapping[str, tuple[str, str]] = {key: pair for module in MODULES for key, pair in module.TEXTS.items()}
_PLACE = {"en": 0, "zh": 1}


def translator(language: Spoken) -> Translate:
    """``t("ago.days", count=3)``. Raises KeyError for a text there is not."""

    def translate(key: str, **values: object) -> str:
        text = TEXTS[key][_PLACE[language]]
        return text.format(**values) if values else text

    return translate


def language_of(request: Request) -> Spoken:
    """The operator's setting, else what their browser likes best."""
    caller: Caller | None = getattr(request.state, "caller", None)
    wish = caller.language if caller else None
    return _spoken(wish) or _accepted(request.headers.get("accept-language", "")) or "en"


def _accepted(header: str) -> Spoken | None:
    """The first of the browser's languages that is spoken here, by weight (RFC 9110, section 12.5.4)."""
    wishes = []
    for place, part in enumerate(header.split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        wishes.append((-weight, place, tag))
    return next((spoken for weight, _, tag in sorted(wishes) if weight and (spoken := _spoken(tag))), None)


def _spoken(tag: str | None) -> Spoken | None:
    primary = (tag or "").split("-")[0].strip().lower()
    if primary == "zh":
        return "zh"
    return "en" if primary == "en" else None
