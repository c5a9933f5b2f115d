"""What is an error, and whose."""

from collections.abc import MutableMapping
from typing import Any

import pytest
from fastapi import FastAPI

from bot.access.principals import Scope

PIECES = [
    {"type": "http.request", "body": b"question,", "more_body": True},
    {"type": "http.disconnect"},
]


async def left_early(app: FastAPI, path: str, query: str, headers: dict[str, str]) -> list[Any]:
    """What the app sends to a client who went away in the middle of the body. Raises what would be logged as a bug."""
    arriving, sent = iter(PIECES), []

    async def receive() -> MutableMapping[str, Any]:
        return next(arriving)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.1", 4711), "server": ("kefu.test", 80),
    }  # fmt: skip
    await app(scope, receive, send)
    return sent


@pytest.mark.parametrize(
    ("path", "query"), [("/v1/imports", "filename=a.csv"), ("/webhooks/chatwoot", ""), ("/v1/answers", "")]
)
async def test_client_who_leaves_in_the_middle_of_a_body_is_no_bug(
    app: FastAPI, new_key, path: str, query: str
) -> None:
    headers = await new_key(Scope.WRITE) | {"Content-Type": "application/octet-stream"}

    start, _ = await left_early(app, path, query, headers)

    assert start["status"] == 400
