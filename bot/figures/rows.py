"""The rows behind a figure, the newest first.

A filter may hold for one row in a thousand, or for none. So days on which nothing of the kind was counted are passed over, and each page
looks at a bounded number of rows: it may hold fewer than fit on it, and says where it stopped, so that the next one goes on from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from bot.db.base import id_from, now
from bot.db.conversation_tables import Conversation, Exchange, Feedback, Handoff
from bot.feedback.repository import COUNTS
from bot.figures.repository import OWN_WORDS, REASONS, Figured, counted_span, exchange_of

LOOKED_AT = 10_000
LATE = timedelta(days=9)
"""What comes later than this after its message is in no figure any more (`bot.figures.counting`)."""

T = TypeVar("T")


@dataclass(frozen=True)
class Found(Generic[T]):
    """``next`` is the key of the row that the next page begins behind; None where there is no more."""

    rows: Sequence[T]
    next: str | None
    stopped_early: bool = False
    """There was more to look at than a page looks at."""


@dataclass(frozen=True)
class Span:
    """What is looked at: a time, and what was shown already (``before`` is a row's key)."""

    since: datetime
    until: datetime
    before: str | None = None

    async def counted(
        self, session: AsyncSession, wanted: Figured, *, kind: str, details: Sequence[str] = ()
    ) -> "Span | None":
        """What is left of it without the days, first and last, on which nothing like this was counted.

        A conversation counts on the day on which it began; its messages may come until the end of the next one. The last two days
        may have more than was counted so far.
        """
        days = await counted_span(session, wanted, kind=kind, details=details) or ()
        counted = [datetime.combine(date.fromisoformat(day), time(), UTC) for day in days]
        yesterday = datetime.combine(now().date(), time(), UTC) - timedelta(days=1)
        counted += [each for each in (yesterday, yesterday + timedelta(days=1)) if each < self.until]
        if not counted:
            return None
        first, last = min(counted), max(counted)
        return Span(max(self.since, first), min(self.until, last + timedelta(days=2)), self.before)


async def exchanges_before(
    session: AsyncSession, span: Span, wanted: Figured, *, outcomes: Sequence[str], limit: int
) -> Found[Exchange]:
    counted = await span.counted(session, wanted, kind="message", details=[f"{each}/" for each in outcomes])
    if counted is None:
        return Found([], None)
    span = counted
    within = [Exchange.created_at >= span.since, Exchange.created_at < span.until]
    if span.before is not None:
        moment = select(Exchange.created_at).where(Exchange.id == span.before).scalar_subquery()
        earlier = (Exchange.created_at == moment) & (Exchange.id < span.before)
        within.append((Exchange.created_at < moment) | earlier)
    last = await _last_looked_at(session, Exchange.created_at, within)
    if last is not None:
        within.append(Exchange.created_at >= last)
    if outcomes:
        within.append(Exchange.outcome.in_(outcomes))
    newest_first = (Exchange.created_at.desc(), Exchange.id.desc())
    matching = select(Exchange).where(*within, *exchange_of(wanted)).order_by(*newest_first)
    rows = (await session.execute(matching.limit(limit + 1))).scalars().all()
    if len(rows) > limit or last is None:
        return _found(rows, [row.id for row in rows], None, limit=limit)
    at_last = select(func.min(Exchange.id)).where(Exchange.created_at == last)
    return _found(rows, [], (await session.execute(at_last)).scalar_one(), limit=limit)


async def voted_before(
    session: AsyncSession, span: Span, wanted: Figured, *, rating: str, limit: int
) -> Found[Exchange]:
    """What was voted on, the newest votes first; the key is that of the vote."""
    counted = await span.counted(session, wanted, kind="vote", details=[rating])
    if counted is None:
        return Found([], None)
    span = counted
    within = _made_within(Feedback.id, "fbk", span)
    last = await _last_looked_at(session, Feedback.id, within)
    if last is not None:
        within.append(Feedback.id >= last)
    # Not by the index on exchanges' times: there are far more exchanges in a month than votes on a page.
    asked_at = func.coalesce(Exchange.created_at, span.since)
    statement = (
        select(Feedback.id, Exchange)
        .join(Exchange, Exchange.id == Feedback.exchange_id)
        .where(*within, Feedback.rating == rating, COUNTS)
        .where(asked_at >= span.since, asked_at < span.until, *exchange_of(wanted))
        .order_by(Feedback.id.desc())
        .limit(limit + 1)
    )
    rows = (await session.execute(statement)).all()
    return _found([row[1] for row in rows], [row[0] for row in rows], last, limit=limit)


async def handoffs_before(
    session: AsyncSession, span: Span, wanted: Figured, *, reason: str, limit: int
) -> Found[tuple[Handoff, Exchange | None]]:
    """Handoffs of conversations that began in this time, with the message that led to each, if one did."""
    counted = await span.counted(session, wanted, kind="handoff", details=[reason])
    if counted is None:
        return Found([], None)
    span = counted
    within = _made_within(Handoff.id, "hnd", span)
    last = await _last_looked_at(session, Handoff.id, within)
    if last is not None:
        within.append(Handoff.id >= last)
    of_reason = Handoff.reason.not_in(REASONS) if reason == OWN_WORDS else Handoff.reason == reason
    began_at = func.coalesce(Conversation.created_at, span.since)  # not by the index on conversations' times
    statement = (
        select(Handoff, Exchange)
        .join(Conversation, Conversation.id == Handoff.conversation_id)
        .outerjoin(Exchange, Exchange.id == Handoff.exchange_id)
        .where(*within, of_reason, began_at >= span.since, began_at < span.until)
        .order_by(Handoff.id.desc())
        .limit(limit + 1)
    )
    for column, value in (
        (Conversation.site_id, wanted.site_id),
        (Conversation.language, wanted.language),
        (Exchange.release_id, wanted.release_id),
    ):
        if value:
            statement = statement.where(column == value)
    rows = [(row[0], row[1]) for row in await session.execute(statement)]
    return _found(rows, [row[0].id for row in rows], last, limit=limit)


def _made_within(column: InstrumentedAttribute[str], prefix: str, span: Span) -> list[ColumnElement[bool]]:
    """By ids, which sort by time."""
    within = [column >= id_from(prefix, span.since), column < id_from(prefix, span.until + LATE)]
    return [*within, column < span.before] if span.before is not None else within


async def _last_looked_at(
    session: AsyncSession, column: InstrumentedAttribute[T], within: Sequence[ColumnElement[bool]]
) -> T | None:
    """Where a page stops looking; None where it looks at all there is. Read from an index alone."""
    statement = select(column).where(*within).order_by(column.desc()).offset(LOOKED_AT - 1).limit(1)
    found: T | None = (await session.execute(statement)).scalar_one_or_none()
    return found


def _found(rows: Sequence[T], keys: Sequence[str], last: str | None, *, limit: int) -> Found[T]:
    """A full page goes on behind its last row, another one behind what was looked at, if that was not all."""
    return Found(rows[:limit], keys[limit - 1]) if len(rows) > limit else Found(rows, last, last is not None)
