"""/v1/review: what to decide about next, and deciding; every reply to a decision holds the next question."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.idempotency import StoredReply
from bot.dependencies import Idempotent, OperatorKey, PageLimit, Parts, PartsDep, ReadKey
from bot.errors import (
    TEACHING_ERRORS,
    ForbiddenError,
    InvalidInputError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
)
from bot.feedback.service import reachable_exchange
from bot.knowledge.publishing import serve_now
from bot.knowledge.rivals import nearest_answers
from bot.problems import responses
from bot.review.desk import Entry
from bot.review.paging import page_of
from bot.review.presenting import review_items
from bot.review.schemas import Decided, DecidedAndNext, Decision, DecisionIn, ReviewItem, ReviewPage
from bot.review.service import decide

router = APIRouter(prefix="/v1/review", tags=["review"])


@router.get(
    "",
    response_model=ReviewPage,
    responses=responses(
        UnauthorizedError, ForbiddenError, RateLimitedError, InvalidInputError, UnavailableError
    ),
)
async def list_review(
    parts: PartsDep,
    _: ReadKey,
    language: Annotated[str | None, Query(max_length=16, description="Questions in this one only")] = None,
    cursor: str | None = None,
    limit: PageLimit = 20,
) -> ReviewPage:
    """Questions that nobody has decided about, the most worthwhile first; whoever decides while paging misses none."""
    entries = await _entries(parts, language)
    page = page_of(entries, cursor, limit=limit)
    async with parts.database.read() as session:
        items = await review_items(session, page.entries)
    return ReviewPage(items=items, next_cursor=page.next_cursor, waiting=len(entries))


@router.post(
    "/{exchange_id}",
    response_model=DecidedAndNext,
    responses=responses(*TEACHING_ERRORS),
)
async def decide_review(
    exchange_id: str, decision: DecisionIn, parts: PartsDep, key: OperatorKey, call: Idempotent
) -> Response:
    """Decides about a question, which leaves the queue with its near-duplicates; the same decision again changes nothing."""
    near: list[str] = []
    if decision.text is not None:
        async with parts.database.read() as session:
            asked = (await reachable_exchange(session, exchange_id, key)).question
        near = await nearest_answers(parts, [decision.text, asked])

    async def work(session: AsyncSession) -> StoredReply:
        decided = await decide(
            session,
            await reachable_exchange(session, exchange_id, key),
            decision,
            languages=parts.settings.languages,
            decided_by=key.name,
            near=near,
        )
        return StoredReply(200, decided.model_dump(mode="json"))

    reply = await call.stored() or await call.run(work)
    if decision.verdict is not Decision.SKIP:
        await serve_now(parts)
    following, waiting = await _following(parts)
    body = DecidedAndNext(decided=Decided.model_validate(reply.body), next=following, waiting=waiting)
    return JSONResponse(body.model_dump(mode="json"), reply.status)


async def _entries(parts: Parts, language: str | None = None) -> list[Entry]:
    entries = await parts.desk.entries(parts.follower.take())
    return [entry for entry in entries if language in (None, entry.waiting.newest.language)]


async def _following(parts: Parts) -> tuple[ReviewItem | None, int]:
    entries = await _entries(parts)
    async with parts.database.read() as session:
        items = await review_items(session, entries[:1])
    return (items[0] if items else None), len(entries)
