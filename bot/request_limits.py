"""Refuses bodies that are too large before anybody reads them."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.errors import TooLargeError
from bot.problems import error_response

BODY_LIMIT = 64 * 1024
"""The longest message, in JSON that writes each of its characters as two escapes."""
UPLOAD_LIMIT = 256 * 1024 * 1024
KNOWLEDGE_LIMIT = 256 * 1024
"""The longest answer, so written."""


def limit_for(path: str) -> int:
    """Bytes that a request to this path may carry."""
    if path.startswith(("/v1/imports", "/console/knowledge/imports")):
        return UPLOAD_LIMIT
    with_texts = path.startswith(
        (
            "/v1/answers",
            "/v1/labels",
            "/v1/review",
            "/v1/gaps",
            "/v1/chat/",
            "/webhooks/chatwoot",
            "/console/",
        )
    ) or path.endswith(("/correction", "/agent-replies"))
    return KNOWLEDGE_LIMIT if with_texts else BODY_LIMIT


class _BodyTooLargeError(HTTPException):
    """Of the one kind that FastAPI passes on when reading a body fails; all else it takes for a body that is wrong."""


class BodyLimitMiddleware:
    """Goes by Content-Length, and counts what really arrives."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = limit_for(scope["path"])
        error = TooLargeError(
            f"the body is larger than {limit:,} bytes, which is the limit of {scope['path']}"
        )
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            await error_response(error)(scope, receive, send)
            return
        arrived = 0
        started = False

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > limit:
                raise _BodyTooLargeError(error.status, error.detail)
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except _BodyTooLargeError:
            if started:
                raise
            await error_response(error)(scope, receive, send)
