"""Keeping what people think of replies."""

from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.principals import Principal
from bot.conversations.repository import exchange_for
from bot.db.base import new_id, now
from bot.db.conversation_tables import Exchange, Feedback
from bot.db.webhook_tables import EventType
from bot.errors import NotFoundError
from bot.feedback import repository
from bot.feedback.schemas import FeedbackIn, FeedbackOut, Rating, VoteOut
from bot.pagination import Page, cut
from bot.webhooks.outbox import record_in_session
from retrieval.masking import mask
from retrieval.normalize import normalize


async def record_feedback(
    session: AsyncSession,
    exchange_id: str,
    feedback: FeedbackIn,
    principal: Principal,
    *,
    address_block: str | None = None,
) -> FeedbackOut:
    """Raises NotFoundError for an exchange that is missing or somebody else's."""
    exchange = await reachable_exchange(session, exchange_id, principal)
    row = Feedback(
        id=new_id("fbk"),
        exchange_id=exchange_id,
        given_by=principal.name,
        rating=feedback.rating.value,
        reason=feedback.reason.value if feedback.reason else None,
        comment=mask(normalize(feedback.comment)).text if feedback.comment else None,
        address_block=address_block,
        created_at=now(),
    )
    session.add(row)
    payload = {
        "feedback_id": row.id,
        "exchange_id": exchange_id,
        "conversation_id": exchange.conversation_id,
        "rating": row.rating,
        "reason": row.reason,
    }
    await record_in_session(
        session, EventType.FEEDBACK_GIVEN, payload, conversation_id=exchange.conversation_id
    )
    return FeedbackOut.model_validate(row, from_attributes=True)


async def withdraw_feedback(session: AsyncSession, exchange_id: str, principal: Principal) -> None:
    """Takes the caller's vote back; the rows stay and say when. Raises NotFoundError when there is none."""
    await reachable_exchange(session, exchange_id, principal)
    if not await repository.withdraw_votes(session, exchange_id, principal.name, at=now()):
        raise NotFoundError(f"you have no vote on exchange {exchange_id!r}")


async def page_of_votes(
    session: AsyncSession, *, rating: Rating | None, exchange_id: str | None, after: str | None, limit: int
) -> Page[VoteOut]:
    rows = await repository.votes_after(
        session, rating=rating, exchange_id=exchange_id, after=after, limit=limit + 1
    )
    page, next_cursor = cut(rows, limit=limit, key=lambda row: row[0].id)
    return Page(items=[_vote_out(vote, counts) for vote, counts in page], next_cursor=next_cursor)


async def reachable_exchange(session: AsyncSession, exchange_id: str, principal: Principal) -> Exchange:
    """Raises NotFoundError for an exchange that is missing or somebody else's."""
    exchange = await exchange_for(session, exchange_id, principal)
    if exchange is None:
        raise NotFoundError(f"no exchange {exchange_id!r}")
    return exchange


def _vote_out(vote: Feedback, counts: bool) -> VoteOut:
    given = FeedbackOut.model_validate(vote, from_attributes=True)
    return VoteOut(
        **given.model_dump(), given_by=vote.given_by, withdrawn_at=vote.withdrawn_at, counts=counts
    )
