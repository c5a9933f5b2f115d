"""Tells browsers which pages may read our replies (CORS), by the sites' lists of origins as they are now."""

from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.access.origins import SiteOrigins


class SiteCorsMiddleware(CORSMiddleware):
    """As Starlette's. A reply that refuses an origin gets no headers that would let its page read it."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            app,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"],
            expose_headers=["Retry-After"],
        )
        self._origins: SiteOrigins | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and "origin" in Headers(scope=scope):
            self._origins = scope["app"].state.parts.origins
            # Without a database the lists stay as they were; what the request itself needs tells the fault.
            with suppress(SQLAlchemyError):
                await self._origins.refresh()
        await super().__call__(scope, receive, send)

    def is_allowed_origin(self, origin: str) -> bool:
        return self._origins is not None and self._origins.allowed_somewhere(origin)

    async def simple_response(
        self, scope: Scope, receive: Receive, send: Send, request_headers: Headers
    ) -> None:
        state = scope.setdefault("state", {})

        async def unless_refused(message: Message) -> None:
            if message["type"] == "http.response.start" and state.get("origin_refused"):
                MutableHeaders(scope=message).append("Vary", "Origin")
                await send(message)
            else:
                await self.send(message, send=send, request_headers=request_headers)

        await self.app(scope, receive, unless_refused)
