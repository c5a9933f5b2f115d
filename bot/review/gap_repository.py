"""Queries on gaps and on what they are made of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import JsonObject
from bot.db.conversation_tables import Exchange, Feedback, Signal, SignalKind
from bot.db.import_tables import Dialogue
from bot.db.knowledge_tables import Label, LabelSource, LabelState
from bot.db.review_tables import Gap, GapMember, GapState
from bot.feedback.repository import COUNTS
from bot.review.repository import SLICE

LATELY = 2_000
"""Messages that tell the share of one outcome to within two or three points."""


@dataclass(frozen=True)
class Place:
    """Of a gap in the list: the largest first."""

    messages: int
    id: str


@dataclass(frozen=True)
class Draft:
    """An agent's reply that waits as a candidate."""

    label_id: str
    exchange_id: str
    text: str
    language: str
    asked: str


async def gap(session: AsyncSession, gap_id: str) -> Gap | None:
    return await session.get(Gap, gap_id, populate_existing=True)


async def gaps_after(
    session: AsyncSession, *, state: GapState | None, after: Place | None, limit: int
) -> Sequence[Gap]:
    statement = select(Gap).order_by(Gap.messages.desc(), Gap.id).limit(limit)
    if state is not None:
        statement = statement.where(Gap.state == state)
    if after is not None:
        same = and_(Gap.messages == after.messages, Gap.id > after.id)
        statement = statement.where(or_(Gap.messages < after.messages, same))
    return (await session.execute(statement)).scalars().all()


async def largest_open(session: AsyncSession, *, limit: int) -> Sequence[Row[str, str, int, str | None]]:
    """Id, language, messages and name."""
    statement = (
        select(Gap.id, Gap.language, Gap.messages, Exchange.question.label("name"))
        .outerjoin(Exchange, Exchange.id == Gap.medoid_exchange_id)
        .where(Gap.state == GapState.OPEN)
        .order_by(Gap.messages.desc(), Gap.id)
        .limit(limit)
    )
    return (await session.execute(statement)).all()


async def members(
    session: AsyncSession, *, states: Collection[GapState], gap_ids: Collection[str] | None = None
) -> dict[str, frozenset[str]]:
    """Exchange ids by gap."""
    statement = select(GapMember.gap_id, GapMember.exchange_id).join(Gap, Gap.id == GapMember.gap_id)
    statement = statement.where(Gap.state.in_(states))
    if gap_ids is not None:
        statement = statement.where(Gap.id.in_(gap_ids))
    found: dict[str, set[str]] = {}
    for gap_id, exchange_id in await session.execute(statement):
        found.setdefault(gap_id, set()).add(exchange_id)
    return {gap_id: frozenset(ids) for gap_id, ids in found.items()}


async def put_gap(session: AsyncSession, gap_id: str, values: JsonObject, *, is_new: bool) -> None:
    if is_new:
        await session.execute(insert(Gap).values(id=gap_id, **values))
        return
    change = update(Gap).where(Gap.id == gap_id).values(**values)
    await session.execute(change.execution_options(synchronize_session=False))


async def put_members(session: AsyncSession, memberships: Mapping[str, Collection[str]]) -> None:
    """Lets the exchanges belong to these gaps, and the gaps have no others."""
    rows = [
        {"gap_id": gap_id, "exchange_id": exchange_id}
        for gap_id, ids in sorted(memberships.items())
        for exchange_id in sorted(ids)
    ]
    gap_ids, exchange_ids = sorted(memberships), [row["exchange_id"] for row in rows]
    for column, values in ((GapMember.gap_id, gap_ids), (GapMember.exchange_id, exchange_ids)):
        for start in range(0, len(values), SLICE):
            part = column.in_(values[start : start + SLICE])
            await _run(session, delete(GapMember).where(part))
    for start in range(0, len(rows), SLICE):
        await session.execute(insert(GapMember), rows[start : start + SLICE])


async def remove_gaps(session: AsyncSession, ids: Collection[str]) -> None:
    for table, column in ((GapMember, GapMember.gap_id), (Gap, Gap.id)):
        await _run(session, delete(table).where(column.in_(sorted(ids))))


async def chosen_after(session: AsyncSession, since: datetime) -> set[str]:
    """Exchanges whose question back was answered by a choice."""
    chose = select(Signal.exchange_id).where(
        Signal.kind == SignalKind.CHOSE.value, Signal.created_at >= since
    )
    return set((await session.execute(chose)).scalars())


async def voted_down(session: AsyncSession, since: datetime) -> set[str]:
    down = select(Feedback.exchange_id).where(COUNTS, Feedback.rating == "down", Feedback.created_at >= since)
    return set((await session.execute(down)).scalars())


async def outcomes_lately(session: AsyncSession) -> dict[str, int]:
    """Of the newest messages."""
    newest = select(Exchange.outcome).order_by(Exchange.created_at.desc()).limit(LATELY).subquery()
    counts = select(newest.c.outcome, func.count()).group_by(newest.c.outcome)
    return {row[0]: row[1] for row in await session.execute(counts)}


async def agents_drafts(session: AsyncSession) -> list[Draft]:
    """What agents wrote in handoffs and nobody has put aside, the newest last."""
    columns = (Label.id, Label.exchange_id, Label.draft_text, Label.language, Label.utterance)
    statement = (
        select(*columns)
        .where(Label.source == LabelSource.AGENT_REPLY, Label.withdrawn_at.is_(None))
        .where(Label.state == LabelState.CANDIDATE)
        .where(Label.draft_text.is_not(None), Label.exchange_id.is_not(None))
        .order_by(Label.id)
    )
    return [
        Draft(id, exchange_id, text, language, asked)
        for id, exchange_id, text, language, asked in await session.execute(statement)
        if exchange_id is not None and text is not None
    ]


async def newest_dialogues(session: AsyncSession, *, limit: int) -> Sequence[Dialogue]:
    """The oldest of them first."""
    statement = select(Dialogue).order_by(Dialogue.id.desc()).limit(limit)
    return list(reversed((await session.execute(statement)).scalars().all()))


async def _run(session: AsyncSession, statement: Any) -> None:
    await session.execute(statement.execution_options(synchronize_session=False))
