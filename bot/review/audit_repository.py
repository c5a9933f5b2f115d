"""Queries of the audit sample: who may be drawn, who was, and what people said about those."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import now
from bot.db.conversation_tables import Exchange
from bot.db.knowledge_tables import Answer, AnswerState, AnswerVersion, Label, LabelState
from bot.db.quality_tables import AuditDraw
from bot.knowledge.label_order import counts_since
from bot.knowledge.versions import MERGED, AnswerContent
from bot.review.repository import SLICE, about_questions, decided_by_people, stands


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
    """What a person with a key says is right for an utterance; no answer where none is.

    ``exchange_id`` is the reply it was said of, and ``of_it_alone`` tells whether it says nothing about other replies.
    ``stands`` tells whether the question is settled by it now.
    """

    utterance: str
    folded: str
    answer_id: str | None
    exchange_id: str | None
    at: datetime
    of_it_alone: bool
    stands: bool


@dataclass(frozen=True)
class History:
    """``versions`` of an answer, the oldest first, each with when it was made."""

    created_at: datetime
    versions: list[tuple[datetime, AnswerContent]]


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


async def verdicts(session: AsyncSession, forms: Sequence[str]) -> list[Said]:
    """All that is in force about utterances of these forms, the newest last."""
    of_it_alone = and_(Label.state == LabelState.AUDIT, Label.withdrawn_at.is_(None))
    columns = (Label.id, Label.utterance, Label.folded, Label.answer_id, Label.exchange_id)
    statement = select(
        *columns,
        counts_since().label("at"),
        of_it_alone.label("of_it_alone"),
        stands(now()).label("stands"),
    ).where(or_(and_(*decided_by_people()), of_it_alone))
    found: list[Any] = []
    for start in range(0, len(forms), SLICE):
        part = Label.folded.in_(forms[start : start + SLICE])
        found += (await session.execute(statement.where(part))).all()
    return [
        Said(
            utterance=row.utterance,
            folded=row.folded,
            answer_id=row.answer_id,
            exchange_id=row.exchange_id,
            at=row.at,
            of_it_alone=row.of_it_alone,
            stands=row.stands,
        )
        for row in sorted(found, key=lambda row: (row.at, row.id))
    ]


async def merged_into(session: AsyncSession, ids: Collection[str]) -> dict[str, str]:
    """Of those answers that were merged away, and are so still, which one each became."""
    wanted, found = sorted(ids), {}
    present = and_(AnswerVersion.answer_id == Answer.id, AnswerVersion.version == Answer.version)
    statement = (
        select(Answer.id, Label.answer_id)
        .join(AnswerVersion, present)
        .join(Label, AnswerVersion.changed_by == MERGED + Label.id)
        .where(Answer.state == AnswerState.RETIRED, Label.withdrawn_at.is_(None))
    )
    for start in range(0, len(wanted), SLICE):
        part = statement.where(Answer.id.in_(wanted[start : start + SLICE]))
        found.update({row.id: row.answer_id for row in await session.execute(part)})
    return found


async def histories(session: AsyncSession, ids: Collection[str]) -> dict[str, History]:
    """How answers stood from version to version, by id."""
    wanted = sorted(ids)
    found: dict[str, History] = {}
    statement = (
        select(Answer.id, Answer.created_at, AnswerVersion.created_at.label("at"), AnswerVersion.content)
        .outerjoin(AnswerVersion, AnswerVersion.answer_id == Answer.id)
        .order_by(Answer.id, AnswerVersion.version)
    )
    for start in range(0, len(wanted), SLICE):
        for row in await session.execute(statement.where(Answer.id.in_(wanted[start : start + SLICE]))):
            history = found.setdefault(row.id, History(row.created_at, []))
            if row.at is not None:
                history.versions.append((row.at, AnswerContent.from_json(row.content)))
    return found


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
