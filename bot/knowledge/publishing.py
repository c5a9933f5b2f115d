"""Makes a change of the knowledge count in this process at once; other workers see it within half a second."""

from collections.abc import Awaitable, Callable

import structlog
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.idempotency import IdempotentCall, StoredReply
from bot.dependencies import Parts
from retrieval.errors import RetrievalError

log = structlog.get_logger(__name__)


async def serve_now(parts: Parts) -> None:
    """Call after the commit. A fault is logged, since the change is stored and will be followed later."""
    try:
        await parts.follower.refresh()
    except (RetrievalError, SQLAlchemyError, OSError) as error:
        log.error("knowledge_not_followed", error=str(error))


async def change_knowledge(
    parts: Parts, call: IdempotentCall, work: Callable[[AsyncSession], Awaitable[StoredReply]]
) -> Response:
    """Does the work once, then serves what it has changed."""
    reply = await call.stored() or await call.run(work)
    await serve_now(parts)
    return JSONResponse(reply.body, reply.status)
