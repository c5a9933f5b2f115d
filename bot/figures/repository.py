"""Queries that count traffic, and those that read what was counted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.answering.given_answers import GAVE_ANSWER
from bot.db.access_tables import Site
from bot.db.base import JsonObject, id_from
from bot.db.conversation_tables import Conversation, Exchange, Handoff
from bot.db.figure_tables import CountedDay, TrafficCount
from bot.db.knowledge_tables import AnswerVersion, Label, LabelState, Verdict
from bot.db.review_tables import Gap, GapState
from bot.knowledge.label_order import newest_first
from bot.knowledge.versions import MERGED

SLICE = 500
REASONS = ("asked_for_person", "nothing_close", "empty_knowledge", "bot_failed")
JUDGES = (LabelState.COUNTED, LabelState.AUDIT)
"""Labels that say whether a reply was right."""
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


async def given_between(
    session: AsyncSession, since: datetime, until: datetime
) -> Sequence[Row[str, str, str, str | None, int]]:
    """Answer, site, language, release and in how many messages it was given; of answers that a gap was answered with."""
    answer_id = Exchange.reply["parts"][0]["answer_id"].as_string()
    of_gaps = select(Gap.answer_id).where(Gap.state == GapState.ANSWERED, Gap.answer_id.is_not(None))
    columns = (Conversation.site_id, Exchange.language, Exchange.release_id)
    statement = (
        select(answer_id.label("answer_id"), *columns, func.count().label("amount"))
        .join(Conversation, Conversation.id == Exchange.conversation_id)
        .where(Conversation.created_at >= since, Conversation.created_at < until)
        .where(Exchange.outcome.in_(GAVE_ANSWER), answer_id.in_(of_gaps))
        .group_by(answer_id, *columns)
    )
    return (await session.execute(statement)).all()


async def given_since(session: AsyncSession, answer_id: str, since: datetime) -> int:
    """In how many messages an answer was given that a gap was answered with, from the day of that moment on."""
    amount = select(func.coalesce(func.sum(TrafficCount.amount), 0)).where(
        TrafficCount.day >= since.date().isoformat(),
        TrafficCount.kind == "given",
        TrafficCount.detail == answer_id,
    )
    return int((await session.execute(amount)).scalar_one())


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


async def counted_span(
    session: AsyncSession, wanted: Figured, *, kind: str, details: Sequence[str]
) -> tuple[str, str] | None:
    """The first and the last day on which something of this kind was counted, whose detail begins like one of these."""
    days = select(func.min(TrafficCount.day), func.max(TrafficCount.day)).where(
        *_of(wanted), TrafficCount.kind == kind
    )
    if details:
        days = days.where(or_(*(TrafficCount.detail.startswith(each, autoescape=True) for each in details)))
    first, last = (await session.execute(days)).one()
    return (first, last) if first is not None else None


async def reviewed(
    session: AsyncSession,
    since: datetime,
    until: datetime,
    wanted: Figured,
    *,
    outcomes: Sequence[str],
    limit: int,
) -> list[tuple[str, float, bool]]:
    """Given answers that a person has judged: language, confidence and whether right; the newest decisions, one an answer.

    One that was merged into another by its verdict was right, as in audits.
    """
    label_id = Label.id.label("label_id")
    statement = (
        select(Exchange.id, Exchange.language, Exchange.confidence, Label.verdict, label_id)
        .join(Exchange, Exchange.id == Label.exchange_id)
        .where(Label.id >= id_from("lbl", since))  # nobody judges an answer before it is given
        .where(Label.verdict.is_not(None), Label.state.in_(JUDGES), Label.withdrawn_at.is_(None))
        .where(Exchange.created_at >= since, Exchange.created_at < until, Exchange.outcome.in_(outcomes))
        .where(*exchange_of(wanted))
        .order_by(*newest_first())
        .limit(limit)
    )
    newest: dict[str, Row[str, str, float, str | None, str]] = {}
    for row in await session.execute(statement):
        newest.setdefault(row.id, row)
    merging = [row.label_id for row in newest.values() if row.verdict == Verdict.OTHER_ANSWER]
    merged = await _that_merged(session, merging)
    return [
        (row.language, row.confidence, row.verdict == Verdict.RIGHT or row.label_id in merged)
        for row in newest.values()
    ]


async def _that_merged(session: AsyncSession, labels: Sequence[str]) -> set[str]:
    """Of these labels, those by which an answer became another one."""
    found: set[str] = set()
    for start in range(0, len(labels), SLICE):
        by = [MERGED + label for label in labels[start : start + SLICE]]
        made = select(AnswerVersion.changed_by).where(AnswerVersion.changed_by.in_(by))
        found.update(each.removeprefix(MERGED) for each in (await session.execute(made)).scalars())
    return found


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
    statement = select(Exchange.latency_ms).where(Exchange.id.in_(select(newest.c.id)), *exchange_of(wanted))
    return (await session.execute(statement)).scalars().all()


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


def exchange_of(wanted: Figured) -> list[ColumnElement[bool]]:
    """Without the days."""
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
