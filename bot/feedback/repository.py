"""Queries on votes."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.db.conversation_tables import Feedback

_newer = aliased(Feedback)
COUNTS: ColumnElement[bool] = Feedback.withdrawn_at.is_(None) & ~exists().where(
    _newer.exchange_id == Feedback.exchange_id,
    _newer.given_by == Feedback.given_by,
    _newer.withdrawn_at.is_(None),
    _newer.id > Feedback.id,
)
"""One vote a person and exchange: their newest that was not withdrawn."""


async def withdraw_votes(session: AsyncSession, exchange_id: str, given_by: str, *, at: datetime) -> int:
    """Takes back all of a person's votes on an exchange, so that none of the older ones counts again."""
    change = (
        update(Feedback)
        .where(Feedback.exchange_id == exchange_id, Feedback.given_by == given_by)
        .where(Feedback.withdrawn_at.is_(None))
        .values(withdrawn_at=at)
        .returning(Feedback.id)
        .execution_options(synchronize_session=False)
    )
    return len((await session.execute(change)).all())


async def votes_after(
    session: AsyncSession, *, rating: str | None, exchange_id: str | None, after: str | None, limit: int
) -> Sequence[tuple[Feedback, bool]]:
    """Votes in the order they were given, each with whether it counts."""
    statement = select(Feedback, COUNTS.label("counts")).order_by(Feedback.id).limit(limit)
    if rating is not None:
        statement = statement.where(Feedback.rating == rating)
    if exchange_id is not None:
        statement = statement.where(Feedback.exchange_id == exchange_id)
    if after is not None:
        statement = statement.where(Feedback.id > after)
    return [(vote, bool(counts)) for vote, counts in await session.execute(statement)]
