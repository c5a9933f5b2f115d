"""A sentence that is said on the next page: which text, and what it names, in a cookie for some seconds.

The cookie names a text of the catalogue, so whoever forges one can make the console say nothing of their own but the values.
"""

import base64
import json
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from bot.console.languages import TEXTS

COOKIE, PATH = "kefu_flash", "/console"
SECONDS = 60
LONGEST_VALUE = 200


@dataclass(frozen=True)
class Flash:
    key: str
    wrong: bool
    values: dict[str, str]


def put_flash(request: Request, response: Response, key: str, *, wrong: bool, values: dict[str, str]) -> None:
    short = {name: value[:LONGEST_VALUE] for name, value in values.items()}
    content = json.dumps([key, wrong, short]).encode()
    response.set_cookie(
        COOKIE,
        base64.urlsafe_b64encode(content).decode(),
        max_age=SECONDS,
        path=PATH,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def flash_of(request: Request) -> Flash | None:
    """None where there is none, or somebody tampered with it."""
    try:
        key, wrong, values = json.loads(base64.urlsafe_b64decode(request.cookies[COOKIE]))
        TEXTS[key][0].format(**values)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError):
        return None
    return Flash(key, bool(wrong), values)


def forget_flash(response: Response) -> None:
    response.delete_cookie(COOKIE, path=PATH)
