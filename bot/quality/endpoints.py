"""/v1/quality: how well the promoted release does on its traffic."""

from fastapi import APIRouter

from bot.db.base import now
from bot.dependencies import PartsDep, ReadKey
from bot.errors import ForbiddenError, NotFoundError, RateLimitedError, UnauthorizedError
from bot.problems import responses
from bot.quality import service
from bot.quality.schemas import QualityOut

router = APIRouter(prefix="/v1/quality", tags=["releases"])


@router.get(
    "",
    response_model=QualityOut,
    responses=responses(UnauthorizedError, ForbiddenError, RateLimitedError, NotFoundError),
)
async def show_quality(parts: PartsDep, _: ReadKey) -> QualityOut:
    """How often the promoted release errs on its traffic, from exchanges drawn by lot that people judged; and alarms."""
    async with parts.database.read() as session:
        return await service.quality(session, tolerated_error=parts.settings.tolerated_error, at=now())
