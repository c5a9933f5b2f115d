"""Three questions with three meanings, and the numbers.

``live``: restart me if this fails; depends on nothing. ``ready``: send me traffic; a release is loaded and the
database answers. ``startup`` of an orchestrator is ``ready`` with more patience.
"""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bot.dependencies import PartsDep
from bot.errors import UnavailableError
from bot.problems import responses

router = APIRouter(tags=["health"])


class Live(BaseModel):
    status: str


class Ready(BaseModel):
    status: str
    release: str
    knowledge_revision: int


@router.head("/health/live", include_in_schema=False)
@router.get("/health/live")
async def live() -> Live:
    return Live(status="live")


@router.head("/health/ready", include_in_schema=False)
@router.get("/health/ready", responses=responses(UnavailableError))
async def ready(parts: PartsDep) -> Ready:
    serving = parts.follower.take()
    try:
        async with parts.database.read() as session:
            await session.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError) as error:
        raise UnavailableError("the database does not answer", retry_after_s=5) from error
    return Ready(status="ready", release=serving.release_id, knowledge_revision=serving.revision)


@router.head("/metrics", include_in_schema=False)
@router.get("/metrics", response_class=Response, include_in_schema=False)
async def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
