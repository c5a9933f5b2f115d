"""Queries on answers, questions and labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, insert, or_, select, union, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import JsonObject
from bot.db.knowledge_tables import (
    Answer,
    AnswerSource,
    AnswerState,
    AnswerText,
    AnswerVersion,
    Label,
    LabelState,
    Question,
)
from bot.db.quality_tables import AuditDraw


@dataclass(frozen=True)
class AnswerFilter:
    state: str | None = None
    language: str | None = None
    intent: str | None = None
    containing: str | None = None


@dataclass(frozen=True)
class StoredAnswer:
    """An answer with its texts by language, in the order they were added."""

    answer: Answer
    texts: dict[str, str]
    questions: int


@dataclass(frozen=True)
class Rival:
    """A question in use that leads somewhere else."""

    question_id: str
    text: str
    answer_id: str


@dataclass(frozen=True)
class Window:
    """When an answer may be given; without ``until``, for ever."""

    since: datetime
    until: datetime | None


async def answers_after(
    session: AsyncSession, wanted: AnswerFilter, *, after: str | None, limit: int
) -> list[StoredAnswer]:
    statement = select(Answer.id).where(*_conditions(wanted)).order_by(Answer.id).limit(limit)
    if after is not None:
        statement = statement.where(Answer.id > after)
    return await stored_answers(session, (await session.execute(statement)).scalars().all())


async def stored_answers(session: AsyncSession, ids: Sequence[str]) -> list[StoredAnswer]:
    """Those of the answers that exist, by id; read anew."""
    texts = await active_texts(session, ids)
    counts = (
        select(Question.answer_id, func.count())
        .where(Question.answer_id.in_(ids), Question.active)
        .group_by(Question.answer_id)
    )
    leading = {row[0]: row[1] for row in await session.execute(counts)}
    answers = (
        await session.execute(_anew(select(Answer).where(Answer.id.in_(ids)).order_by(Answer.id)))
    ).scalars()
    return [StoredAnswer(row, texts.get(row.id, {}), leading.get(row.id, 0)) for row in answers]


async def active_texts(session: AsyncSession, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """By answer and language, in the order they were added; read anew."""
    texts: dict[str, dict[str, str]] = {}
    variants = select(AnswerText).where(AnswerText.answer_id.in_(ids), AnswerText.active)
    for text in (await session.execute(_anew(variants.order_by(AnswerText.number)))).scalars():
        texts.setdefault(text.answer_id, {})[text.language] = text.text
    return texts


def _anew(statement: Select[Any]) -> Select[Any]:
    """Rows as they are in the database now, though the session may hold older ones."""
    return statement.execution_options(populate_existing=True)


def _conditions(wanted: AnswerFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.state is not None:
        conditions.append(Answer.state == wanted.state)
    if wanted.intent is not None:
        conditions.append(Answer.intent == wanted.intent)
    if wanted.language is not None:
        text = and_(AnswerText.answer_id == Answer.id, AnswerText.active)
        conditions.append(exists().where(text, AnswerText.language == wanted.language))
    if wanted.containing is not None:
        # Not per answer: each table is read once, whatever is looked for.
        said = select(AnswerText.answer_id).where(
            AnswerText.active, AnswerText.text.icontains(wanted.containing, autoescape=True)
        )
        asked = select(Question.answer_id).where(
            Question.active, Question.text.icontains(wanted.containing, autoescape=True)
        )
        conditions.append(Answer.id.in_(union(said, asked)))
    return conditions


async def versions_of(session: AsyncSession, answer_id: str) -> Sequence[AnswerVersion]:
    statement = select(AnswerVersion).where(AnswerVersion.answer_id == answer_id)
    return (await session.execute(statement.order_by(AnswerVersion.version))).scalars().all()


async def newest_versions(session: AsyncSession, answer_id: str, *, limit: int) -> Sequence[AnswerVersion]:
    statement = select(AnswerVersion).where(AnswerVersion.answer_id == answer_id)
    return (
        (await session.execute(statement.order_by(AnswerVersion.version.desc()).limit(limit))).scalars().all()
    )


async def sources_of(session: AsyncSession, answer_id: str) -> Sequence[AnswerSource]:
    statement = select(AnswerSource).where(AnswerSource.answer_id == answer_id)
    in_order = statement.order_by(AnswerSource.conversation_id, AnswerSource.turn, AnswerSource.id)
    return (await session.execute(in_order)).scalars().all()


async def saying_the_same(
    session: AsyncSession, text_hash: str, window: Window, *, language: str, other_than: str | None
) -> str | None:
    """An approved answer with this very text in this language."""
    statement = (
        select(Answer.id)
        .join(AnswerText, AnswerText.answer_id == Answer.id)
        .where(AnswerText.text_hash == text_hash, AnswerText.language == language, AnswerText.active)
        .where(*_served_within(window), Answer.id != (other_than or ""))
        .order_by(Answer.id)
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def rivals_of(
    session: AsyncSession, folded: Sequence[str], window: Window, *, other_than: str
) -> Sequence[Rival]:
    """Questions in use with the same fold that lead to another approved answer in that time."""
    statement = (
        select(Question.id, Question.text, Question.answer_id)
        .join(Answer, Answer.id == Question.answer_id)
        .where(Question.folded.in_(folded), Question.active)
        .where(*_served_within(window), Answer.id != other_than)
        .order_by(Question.number)
    )
    return [Rival(*row) for row in await session.execute(statement)]


def _served_within(window: Window) -> list[ColumnElement[bool]]:
    conditions = [
        Answer.state == AnswerState.APPROVED,
        or_(Answer.valid_until.is_(None), Answer.valid_until > window.since),
    ]
    if window.until is not None:
        conditions.append(or_(Answer.valid_from.is_(None), Answer.valid_from < window.until))
    return conditions


async def approved_texts(
    session: AsyncSession, *, answer_ids: Sequence[str], hashed: str
) -> Sequence[tuple[str, str]]:
    """(answer, text) of approved answers: all texts of the named ones, and whichever has this hash."""
    statement = (
        select(AnswerText.answer_id, AnswerText.text)
        .join(Answer, Answer.id == AnswerText.answer_id)
        .where(Answer.state == AnswerState.APPROVED, AnswerText.active)
        .where(or_(AnswerText.answer_id.in_(answer_ids), AnswerText.text_hash == hashed))
        .order_by(AnswerText.number)
    )
    return [(row.answer_id, row.text) for row in await session.execute(statement)]


async def approved_questions(session: AsyncSession, *, answer_ids: Sequence[str]) -> Sequence[Rival]:
    """Questions in use of those of the answers that are approved."""
    statement = (
        select(Question.id, Question.text, Question.answer_id)
        .join(Answer, Answer.id == Question.answer_id)
        .where(Answer.state == AnswerState.APPROVED, Question.active, Question.answer_id.in_(answer_ids))
        .order_by(Question.number)
    )
    return [Rival(*row) for row in await session.execute(statement)]


async def add_questions(session: AsyncSession, rows: Sequence[JsonObject]) -> None:
    if rows:
        await session.execute(insert(Question), list(rows))


async def switch_off(
    session: AsyncSession, question_ids: Sequence[str], *, revision: int, displaced_by: str | None = None
) -> None:
    """``displaced_by`` is the label for which they give way; with it they would come back."""
    values = {"active": False, "displaced_by": displaced_by, "revision": revision}
    change = update(Question).where(Question.id.in_(question_ids)).values(**values)
    await session.execute(change.execution_options(synchronize_session=False))


async def let_questions_stand_on(session: AsyncSession, label_id: str, *, answer_id: str) -> None:
    """Those of an answer that was written for the label: they go with it when it is withdrawn."""
    change = update(Question).where(Question.answer_id == answer_id).values(label_id=label_id)
    await session.execute(change.execution_options(synchronize_session=False))


async def active_questions(
    session: AsyncSession, *, answer_id: str | None = None, folded: str | None = None
) -> Sequence[Question]:
    statement = select(Question).where(Question.active).order_by(Question.number)
    if answer_id is not None:
        statement = statement.where(Question.answer_id == answer_id)
    if folded is not None:
        statement = statement.where(Question.folded == folded)
    return (await session.execute(statement)).scalars().all()


async def questions_after(
    session: AsyncSession, *, answer_id: str | None, after: int, limit: int
) -> Sequence[Question]:
    statement = select(Question).where(Question.active, Question.number > after)
    if answer_id is not None:
        statement = statement.where(Question.answer_id == answer_id)
    return (await session.execute(statement.order_by(Question.number).limit(limit))).scalars().all()


async def active_question(session: AsyncSession, question_id: str) -> Question | None:
    statement = select(Question).where(Question.id == question_id, Question.active)
    return (await session.execute(statement)).scalar_one_or_none()


async def labels_after(
    session: AsyncSession, *, source: str | None, state: str | None, after: str | None, limit: int
) -> Sequence[Label]:
    statement = select(Label).order_by(Label.id).limit(limit)
    if source is not None:
        statement = statement.where(Label.source == source)
    if state is not None:
        statement = statement.where(Label.state == state)
    if after is not None:
        statement = statement.where(Label.id > after)
    return (await session.execute(statement)).scalars().all()


async def label(session: AsyncSession, label_id: str) -> Label | None:
    """As it is in the database now."""
    found = await session.execute(_anew(select(Label).where(Label.id == label_id)))
    row: Label | None = found.scalar_one_or_none()
    return row


async def is_drawn(session: AsyncSession, exchange_id: str) -> bool:
    """Whether the lot fell on the exchange, so that its quality is measured by what is said of it."""
    statement = select(AuditDraw.number).where(AuditDraw.exchange_id == exchange_id)
    return (await session.execute(statement)).first() is not None


async def count_by_source(
    session: AsyncSession, answer_id: str, *, sources: Sequence[str]
) -> tuple[int, int]:
    """Questions in use of an answer: those of the sources, and the others."""
    statement = select(Question.source, func.count()).where(Question.answer_id == answer_id, Question.active)
    counts = {row[0]: row[1] for row in await session.execute(statement.group_by(Question.source))}
    among = sum(count for source, count in counts.items() if source in sources)
    return among, sum(counts.values()) - among


async def was_refused(session: AsyncSession, *, folded: str, answer_id: str) -> bool:
    """Whether somebody has rejected or withdrawn a label that leads an utterance of this form to this answer."""
    refused = or_(Label.state == LabelState.REJECTED, Label.withdrawn_at.is_not(None))
    statement = select(Label.id).where(Label.folded == folded, Label.answer_id == answer_id, refused)
    return (await session.execute(statement.limit(1))).first() is not None
