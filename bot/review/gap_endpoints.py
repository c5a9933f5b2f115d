"""/v1/gaps: what customers ask and nobody has an answer for."""

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.idempotency import StoredReply
from bot.db.review_tables import GapState
from bot.dependencies import Idempotent, OperatorKey, PageLimit, PartsDep, ReadKey
from bot.errors import (
    TEACHING_ERRORS,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    UnauthorizedError,
)
from bot.knowledge.publishing import change_knowledge
from bot.knowledge.rivals import nearest_answers
from bot.pagination import Page
from bot.problems import responses
from bot.review import gap_service
from bot.review.gap_schemas import GapAnswerIn, GapOut, GapsFound

router = APIRouter(prefix="/v1/gaps", tags=["review"])

_READING = responses(UnauthorizedError, ForbiddenError, NotFoundError, RateLimitedError, InvalidInputError)
_WRITING = responses(*TEACHING_ERRORS)


@router.get("", response_model=Page[GapOut], responses=_READING)
async def list_gaps(
    parts: PartsDep,
    _: ReadKey,
    state: GapState | None = None,
    cursor: str | None = None,
    limit: PageLimit = 20,
) -> Page[GapOut]:
    """Gaps as they were found last, the largest first."""
    async with parts.database.read() as session:
        return await gap_service.page_of_gaps(session, state=state, cursor=cursor, limit=limit)


@router.post("/find", response_model=GapsFound, responses=_WRITING)
async def find_gaps(parts: PartsDep, _: OperatorKey) -> GapsFound:
    """Looks for gaps now; the hourly clean-up does, too."""
    return GapsFound(open=await parts.desk.find_gaps(parts.follower.take()))


@router.get("/{gap_id}", response_model=GapOut, responses=_READING)
async def show_gap(gap_id: str, parts: PartsDep, _: ReadKey) -> GapOut:
    """A gap with its questions, its draft, and what came of its answer."""
    async with parts.database.read() as session:
        return await gap_service.gap_out(session, gap_id)


@router.post("/{gap_id}/answer", response_model=GapOut, responses=_WRITING)
async def answer_gap(
    gap_id: str, parts: PartsDep, key: OperatorKey, call: Idempotent, wanted: GapAnswerIn | None = None
) -> Response:
    """Answers a gap's questions with its draft, a text, or an answer that is there; counts at once."""
    answer = wanted or GapAnswerIn()
    async with parts.database.read() as session:
        compared = await gap_service.text_to_answer_with(session, gap_id, answer)
    near = await nearest_answers(parts, compared)

    async def work(session: AsyncSession) -> StoredReply:
        answered = await gap_service.answer_gap(
            session,
            gap_id,
            answer,
            languages=parts.settings.languages,
            answered_by=key.name,
            near=near,
        )
        return StoredReply(200, answered.model_dump(mode="json"))

    return await change_knowledge(parts, call, work)


@router.post("/{gap_id}/dismiss", response_model=GapOut, responses=_WRITING)
async def dismiss_gap(gap_id: str, parts: PartsDep, key: OperatorKey, call: Idempotent) -> Response:
    """Puts a gap aside; what is like it belongs to it and does not come up again."""

    async def work(session: AsyncSession) -> StoredReply:
        dismissed = await gap_service.dismiss_gap(session, gap_id, dismissed_by=key.name)
        return StoredReply(200, dismissed.model_dump(mode="json"))

    return await change_knowledge(parts, call, work)
