"""Makes a change of the knowledge count in this process at once; other workers see it within half a second."""

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.dependencies import Parts
from retrieval.errors import RetrievalError

log = structlog.get_logger(__name__)


async def serve_now(parts: Parts) -> None:
    """Call after the commit. A fault is logged, since the change is stored and will be followed later."""
    try:
        await parts.follower.refresh()
    except (RetrievalError, SQLAlchemyError, OSError) as error:
        log.error("knowledge_not_followed", error=str(error))
