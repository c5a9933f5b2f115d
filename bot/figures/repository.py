"""Queries that count traffic, and those that read what was counted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, delete, func, insert, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.access_tables import Site
from bot.db.base import JsonObject
from bot.db.conversation_tables import Conversation, Exchange, Feedback, Handoff
from bot.db.figure_tables import CountedDay, TrafficCount
from bot.db.knowledge_tables import Label, LabelState
from bot.feedback.repository import COUNTS

SLICE = 500
REASONS = ("asked_for_person", "nothing_close", "empty_knowledge", "bot_failed")
OWN_WORDS = "visitor_asked"
"""In the place of what a visitor wrote when they asked for a person: figures hold nobody's words."""
AskedRow = Row[str, str, str, str, str, str | None, str, str | None]
"""Conversation, exchange, language, outcome, rule, release, site and visitor."""


@dataclass(frozen=True)
class Figured:
    """What figures are wanted of: days from the first to the last, both within; "" for all."""

    first: str
    last: str
    site_id: str = ""
    language: str = ""
    release_id: str = ""


async def sites(session: AsyncSession) -> Sequence[tuple[str, str]]:
    """(id, name)."""
    rows = await session.execute(select(Site.id, Site.name).order_by(Site.name, Site.id))
    return [(row.id, row.name) for row in rows]


async def counted_days(session: AsyncSession) -> dict[str, datetime]:
    return {row.day: row.counted_at for row in (await session.execute(select(CountedDay))).scalars()}


async def first_exchange_at(session: AsyncSession) -> datetime | None:
    return (await session.execute(select(func.min(Exchange.created_at)))).scalar_one()


async def asked_between(session: AsyncSession, since: datetime, until: datetime) -> Sequence[AskedRow]:
    """Exchanges of conversations that began in this time, in the order they were asked."""
    columns = (Exchange.conversation_id, Exchange.id, Exchange.language, Exchange.outcome, Exchange.rule)
    statement = (
        select(*columns, Exchange.release_id, Conversation.site_id, Conversation.visitor_id)
        .join(Conversation, Conversation.id == Exchange.conversation_id)
        .where(Conversation.created_at >= since, Conversation.created_at < until)
        .order_by(Exchange.id)
    )
    return (await session.execute(statement)).all()


async def handoffs_between(
    session: AsyncSession, since: datetime, until: datetime
) -> Sequence[Row[str, str]]:
    """Conversation and reason."""
    statement = (
        select(Handoff.conversation_id, Handoff.reason)
        .join(Conversation, Conversation.id == Handoff.conversation_id)
        .where(Conversation.created_at >= since, Conversation.created_at < until)
    )
    return (await session.execute(statement)).all()


async def conversations_of(
    session: AsyncSession, visitor_ids: Collection[str], since: datetime, until: datetime
) -> list[tuple[str, str]]:
    """(visitor, conversation) in this time."""
    wanted, found = sorted(visitor_ids), []
    for start in range(0, len(wanted), SLICE):
        part = Conversation.visitor_id.in_(wanted[start : start + SLICE])
        statement = select(Conversation.visitor_id, Conversation.id, Conversation.created_at).where(part)
        found += [
            (row.visitor_id or "", row.id)
            for row in await session.execute(statement)
            if since <= row.created_at < until
        ]
    return found


async def put_day(session: AsyncSession, day: str, rows: Sequence[JsonObject], *, at: datetime) -> None:
    """In the place of what was counted before."""
    await session.execute(delete(CountedDay).where(CountedDay.day == day))
    await session.execute(insert(CountedDay).values(day=day, counted_at=at))
    await session.execute(delete(TrafficCount).where(TrafficCount.day == day))
    if rows:
        await session.execute(insert(TrafficCount), list(rows))


async def sums(session: AsyncSession, wanted: Figured) -> Sequence[Row[str, str, int]]:
    """Kind, detail and how often."""
    amount = func.sum(TrafficCount.amount).label("amount")
    statement = select(TrafficCount.kind, TrafficCount.detail, amount).where(*_of(wanted))
    return (await session.execute(statement.group_by(TrafficCount.kind, TrafficCount.detail))).all()


async def sums_by_day(session: AsyncSession, wanted: Figured, *, kind: str) -> Sequence[Row[str, str, int]]:
    """Day, detail and how often."""
    amount = func.sum(TrafficCount.amount).label("amount")
    statement = (
        select(TrafficCount.day, TrafficCount.detail, amount)
        .where(*_of(wanted), TrafficCount.kind == kind)
        .group_by(TrafficCount.day, TrafficCount.detail)
        .order_by(TrafficCount.day, TrafficCount.detail)
    )
    return (await session.execute(statement)).all()


async def reviewed(
    session: AsyncSession,
    since: datetime,
    until: datetime,
    wanted: Figured,
    *,
    outcomes: Sequence[str],
    limit: int,
) -> Sequence[Row[str, str, float, str | None]]:
    """Given answers that a person has judged: language, confidence and the verdict; the newest decisions."""
    statement = (
        select(Exchange.id, Exchange.language, Exchange.confidence, Label.verdict)
        .join(Exchange, Exchange.id == Label.exchange_id)
        .where(Label.verdict.is_not(None), Label.state == LabelState.COUNTED, Label.withdrawn_at.is_(None))
        .where(Exchange.created_at >= since, Exchange.created_at < until, Exchange.outcome.in_(outcomes))
        .where(*_exchange_of(wanted))
        .order_by(Label.id.desc())
        .limit(limit)
    )
    return (await session.execute(statement)).all()


async def latencies(
    session: AsyncSession, since: datetime, until: datetime, wanted: Figured, *, looked_at: int
) -> Sequence[JsonObject]:
    """Milliseconds by stage of the newest exchanges; of those that were asked of."""
    newest = (
        select(Exchange.id)
        .where(Exchange.created_at >= since, Exchange.created_at < until)
        .order_by(Exchange.created_at.desc())
        .limit(looked_at)
        .subquery()
    )
    statement = select(Exchange.latency_ms).where(Exchange.id.in_(select(newest.c.id)), *_exchange_of(wanted))
    return (await session.execute(statement)).scalars().all()


async def exchanges_before(
    session: AsyncSession,
    since: datetime,
    until: datetime,
    wanted: Figured,
    *,
    outcomes: Sequence[str],
    before: str | None,
    limit: int,
) -> Sequence[Exchange]:
    """The rows behind a figure, the newest first. Of each outcome no more are looked at than are wanted."""
    conditions = [Exchange.created_at >= since, Exchange.created_at < until, *_exchange_of(wanted)]
    if before is not None:
        moment = select(Exchange.created_at).where(Exchange.id == before).scalar_subquery()
        conditions.append(
            (Exchange.created_at < moment) | ((Exchange.created_at == moment) & (Exchange.id < before))
        )
    newest_first = (Exchange.created_at.desc(), Exchange.id.desc())
    ids = select(Exchange.id).where(*conditions).order_by(*newest_first).limit(limit)
    parts = [ids.where(Exchange.outcome == outcome).subquery() for outcome in outcomes] or [ids.subquery()]
    found = union_all(*(select(part.c.id) for part in parts))
    statement = select(Exchange).where(Exchange.id.in_(found)).order_by(*newest_first).limit(limit)
    return (await session.execute(statement)).scalars().all()


async def voted_before(
    session: AsyncSession,
    since: datetime,
    until: datetime,
    wanted: Figured,
    *,
    rating: str,
    before: str | None,
    limit: int,
) -> Sequence[tuple[str, Exchange]]:
    """(vote, exchange), the newest votes first."""
    # Not by the index on exchanges' times: there are far more exchanges in a month than votes on a page.
    asked_at = func.coalesce(Exchange.created_at, since)
    statement = (
        select(Feedback.id, Exchange)
        .join(Exchange, Exchange.id == Feedback.exchange_id)
        .where(Feedback.rating == rating, COUNTS)
        .where(asked_at >= since, asked_at < until, *_exchange_of(wanted))
        .order_by(Feedback.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(Feedback.id < before)
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def handoffs_before(
    session: AsyncSession,
    since: datetime,
    until: datetime,
    wanted: Figured,
    *,
    reason: str,
    before: str | None,
    limit: int,
) -> Sequence[tuple[Handoff, Exchange | None]]:
    """Handoffs of conversations that began in this time, the newest first; with the message that led to each, if one did."""
    of_reason = Handoff.reason.not_in(REASONS) if reason == OWN_WORDS else Handoff.reason == reason
    statement = (
        select(Handoff, Exchange)
        .join(Conversation, Conversation.id == Handoff.conversation_id)
        .outerjoin(Exchange, Exchange.id == Handoff.exchange_id)
        .where(Conversation.created_at >= since, Conversation.created_at < until, of_reason)
        .order_by(Handoff.id.desc())
        .limit(limit)
    )
    if wanted.site_id:
        statement = statement.where(Conversation.site_id == wanted.site_id)
    if wanted.language:
        statement = statement.where(Conversation.language == wanted.language)
    if wanted.release_id:
        statement = statement.where(Exchange.release_id == wanted.release_id)
    if before is not None:
        statement = statement.where(Handoff.id < before)
    return [(row[0], row[1]) for row in await session.execute(statement)]


def _of(wanted: Figured) -> list[ColumnElement[bool]]:
    conditions = [TrafficCount.day >= wanted.first, TrafficCount.day <= wanted.last]
    for column, value in (
        (TrafficCount.site_id, wanted.site_id),
        (TrafficCount.language, wanted.language),
        (TrafficCount.release_id, wanted.release_id),
    ):
        if value:
            conditions.append(column == value)
    return conditions


def _exchange_of(wanted: Figured) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.language:
        conditions.append(Exchange.language == wanted.language)
    if wanted.release_id:
        conditions.append(Exchange.release_id == wanted.release_id)
    if wanted.site_id:
        of_site = select(Conversation.id).where(
            Conversation.id == Exchange.conversation_id, Conversation.site_id == wanted.site_id
        )
        conditions.append(of_site.exists())
    return conditions
