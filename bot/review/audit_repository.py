"""Queries of the audit sample: who may be drawn, who was, and what people said about those."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.conversation_tables import Exchange
from bot.db.knowledge_tables import Answer, Label
from bot.db.quality_tables import AuditDraw
from bot.knowledge.label_order import counts_since
from bot.review.repository import SLICE, about_questions, decided_by_people


@dataclass(frozen=True)
class Drawn:
    """A drawn exchange as it was stored."""

    exchange_id: str
    release_id: str
    utterance: str
    language: str
    outcome: str
    rule: str
    reply: dict[str, Any]
    candidates: list[dict[str, Any]]
    asked_at: datetime
    drawn_at: datetime


@dataclass(frozen=True)
class Said:
    """What people with a key say about an utterance; ``answer_since`` is when its answer was written."""

    answer_id: str | None
    answer_since: datetime | None


async def draws(
    session: AsyncSession, *, release_id: str | None = None, since: datetime | None = None
) -> list[Drawn]:
    """In the order they were drawn; of one release, or of all."""
    columns = (Exchange.question.label("utterance"), Exchange.language, Exchange.outcome, Exchange.rule)
    statement = (
        select(AuditDraw.exchange_id, AuditDraw.release_id, AuditDraw.drawn_at, *columns)
        .add_columns(Exchange.reply, Exchange.candidates, Exchange.created_at)
        .join(Exchange, Exchange.id == AuditDraw.exchange_id)
        .order_by(AuditDraw.number)
    )
    if release_id is not None:
        statement = statement.where(AuditDraw.release_id == release_id)
    if since is not None:
        statement = statement.where(AuditDraw.drawn_at >= since)
    return [
        Drawn(
            exchange_id=row.exchange_id,
            release_id=row.release_id,
            utterance=row.utterance,
            language=row.language,
            outcome=row.outcome,
            rule=row.rule,
            reply=row.reply,
            candidates=row.candidates,
            asked_at=row.created_at,
            drawn_at=row.drawn_at,
        )
        for row in await session.execute(statement)
    ]


async def decisions(session: AsyncSession, forms: Sequence[str]) -> list[tuple[str, str, Said]]:
    """(utterance, folded, what was said) of every decision in force about utterances of these forms, the newest last."""
    found: list[Any] = []
    for start in range(0, len(forms), SLICE):
        said = (Label.id, Label.utterance, Label.folded, Label.answer_id, Answer.created_at.label("since"))
        statement = (
            select(*said, counts_since().label("at"))
            .outerjoin(Answer, Answer.id == Label.answer_id)
            .where(*decided_by_people(), Label.folded.in_(forms[start : start + SLICE]))
        )
        found += (await session.execute(statement)).all()
    in_order = sorted(found, key=lambda row: (row.at, row.id))
    return [(row.utterance, row.folded, Said(row.answer_id, row.since)) for row in in_order]


async def count_drawable(session: AsyncSession, release_id: str, *, since: datetime) -> int:
    count: int = (await session.execute(_drawable(select(func.count()), release_id, since))).scalar_one()
    return count


async def nth_drawable(session: AsyncSession, release_id: str, *, since: datetime, place: int) -> str:
    statement = _drawable(select(Exchange.id), release_id, since).order_by(Exchange.id).offset(place).limit(1)
    chosen: str = (await session.execute(statement)).scalar_one()
    return chosen


def _drawable(statement: Select[Any], release_id: str, since: datetime) -> Select[Any]:
    drawn = select(AuditDraw.number).where(AuditDraw.exchange_id == Exchange.id).exists()
    of_release = (Exchange.release_id == release_id, Exchange.created_at >= since)
    return statement.select_from(Exchange).where(*of_release, *about_questions(), ~drawn)


async def add_draw(
    session: AsyncSession, exchange_id: str, *, release_id: str, population: int, at: datetime
) -> None:
    row = {"exchange_id": exchange_id, "release_id": release_id, "population": population, "drawn_at": at}
    await session.execute(insert(AuditDraw).values(**row))


async def count_first_questions(session: AsyncSession, release_id: str, *, since: datetime) -> int:
    """In how many conversations the release was asked something since then."""
    first = _first_questions(release_id, since).subquery()
    return (await session.execute(select(func.count()).select_from(first))).scalar_one()


async def first_confidences(
    session: AsyncSession, release_id: str, *, since: datetime, start: int, limit: int
) -> Sequence[float]:
    """Of the first question of each conversation with a release since then, in the order they were asked, from one on."""
    first = _first_questions(release_id, since).subquery()
    statement = select(Exchange.confidence).join(first, first.c.id == Exchange.id).order_by(Exchange.id)
    return list((await session.execute(statement.offset(start).limit(limit))).scalars())


def _first_questions(release_id: str, since: datetime) -> Select[str]:
    return (
        select(func.min(Exchange.id).label("id"))
        .where(Exchange.release_id == release_id, Exchange.created_at >= since, *about_questions())
        .group_by(Exchange.conversation_id)
    )
