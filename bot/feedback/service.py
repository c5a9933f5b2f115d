"""Keeping what people think of replies."""

from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.principals import Principal
from bot.conversations.repository import exchange_for
from bot.db.base import new_id, now
from bot.db.conversation_tables import Feedback
from bot.errors import NotFoundError
from bot.feedback.schemas import FeedbackIn, FeedbackOut
from retrieval.masking import mask
from retrieval.normalize import normalize


async def record_feedback(
    session: AsyncSession, exchange_id: str, feedback: FeedbackIn, principal: Principal
) -> FeedbackOut:
    if await exchange_for(session, exchange_id, principal) is None:
        raise NotFoundError(f"no exchange {exchange_id!r}")
    row = Feedback(
        id=new_id("fbk"),
        exchange_id=exchange_id,
        given_by=principal.name,
        rating=feedback.rating.value,
        reason=feedback.reason.value if feedback.reason else None,
        comment=mask(normalize(feedback.comment)).text if feedback.comment else None,
        created_at=now(),
    )
    session.add(row)
    return FeedbackOut.model_validate(row, from_attributes=True)
