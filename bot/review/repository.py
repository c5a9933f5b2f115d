"""Queries of the review queue: what was asked lately, what was said about it, what was decided or put off."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.answering.given_answers import GAVE_ANSWER
from bot.db.base import now
from bot.db.conversation_tables import Conversation, Exchange, Feedback, Signal, SignalKind
from bot.db.knowledge_tables import (
    Answer,
    AnswerState,
    AnswerText,
    KnowledgeState,
    Label,
    LabelSource,
    LabelState,
    Verdict,
)
from bot.db.review_tables import ReviewSkip
from bot.feedback.repository import COUNTS
from bot.knowledge.label_order import counts_since

NO_QUESTION = ("asked_for_person", "visitor_choice", "empty_knowledge", "person_is_here", "bot_failed")
SMALL_TALK = "small_talk_"
"""Rules of exchanges in which nothing was decided about a question."""

DISSATISFIED = (SignalKind.REPHRASED.value, SignalKind.ASKED_FOR_PERSON.value)
"""Leaving is no sign: whoever is content leaves, too."""

SLICE = 500
_newer = aliased(Label)


@dataclass(frozen=True)
class AskedRow:
    """An exchange as the queue sees it. ``visitor`` is the conversation where no visitor is known."""

    id: str
    utterance: str
    language: str
    outcome: str
    rule: str
    confidence: float
    second: float
    answer_at: float | None
    given: str | None
    visitor: str
    at: datetime


@dataclass(frozen=True)
class Vote:
    exchange_id: str
    rating: str
    reason: str | None
    comment: str | None


async def asked_since(session: AsyncSession, since: datetime, *, limit: int) -> list[AskedRow]:
    """The newest exchanges about questions, the oldest of them first."""
    rows = await session.execute(_asked().where(Exchange.created_at >= since).limit(limit))
    return [_asked_row(row) for row in reversed(rows.all())]


async def asked_in(session: AsyncSession, ids: Collection[str]) -> list[AskedRow]:
    """Those of the exchanges that are about questions, in the order they were asked."""
    wanted, found = sorted(ids), []
    for start in range(0, len(wanted), SLICE):
        rows = await session.execute(_asked().where(Exchange.id.in_(wanted[start : start + SLICE])))
        found += [_asked_row(row) for row in rows]
    return sorted(found, key=lambda row: row.id)


async def any_asked(session: AsyncSession, exchange_id: str) -> AskedRow | None:
    """An exchange, also one in which nothing was decided about a question."""
    row = (await session.execute(_exchanges().where(Exchange.id == exchange_id))).first()
    return _asked_row(row) if row is not None else None


def is_question(rule: str) -> bool:
    """Whether an exchange that this rule decided is about a question."""
    return rule not in NO_QUESTION and not rule.startswith(SMALL_TALK)


def _asked() -> Select[Any]:
    return _exchanges().where(*about_questions())


def _exchanges() -> Select[Any]:
    first, second = (Exchange.candidates[place]["confidence"].as_float() for place in (0, 1))
    return (
        select(
            *(
                Exchange.id,
                Exchange.question.label("utterance"),
                Exchange.language,
                Exchange.outcome,
                Exchange.rule,
            ),
            Exchange.created_at,
            # A whole reply takes longer to read than all the rest, and there are fifty thousand.
            Exchange.reply["parts"][0]["answer_id"].as_string().label("answer_id"),
            func.coalesce(first, 0.0).label("first"),
            func.coalesce(second, 0.0).label("second"),
            Exchange.evidence["answer_at"].as_float().label("answer_at"),
            func.coalesce(Conversation.visitor_id, Conversation.id).label("visitor"),
        )
        .join(Conversation, Conversation.id == Exchange.conversation_id)
        .order_by(Exchange.id.desc())
    )


def about_questions() -> tuple[Any, ...]:
    """Exchanges in which something was decided about a question."""
    return (Exchange.rule.not_in(NO_QUESTION), ~Exchange.rule.startswith(SMALL_TALK, autoescape=True))


def _asked_row(row: Any) -> AskedRow:
    return AskedRow(
        id=row.id,
        utterance=row.utterance,
        language=row.language,
        outcome=row.outcome,
        rule=row.rule,
        confidence=row.first,
        second=row.second,
        answer_at=row.answer_at,
        given=row.answer_id if row.outcome in GAVE_ANSWER else None,
        visitor=row.visitor,
        at=row.created_at,
    )


async def ever_decided(session: AsyncSession) -> list[str]:
    """What people with a key have decided about, in force, whether or not it stands."""
    return await _utterances(session, select(Label.utterance).where(*decided_by_people()))


async def decided_utterances(session: AsyncSession, *, since: datetime | None = None) -> list[str]:
    """What people with a key have decided about, where their newest decision stands; since a moment, or ever."""
    statement = select(Label.utterance).where(*decided_by_people(), ~_overruled(), stands(now()))
    if since is not None:
        statement = statement.where(counts_since() >= since)
    return await _utterances(session, statement)


async def _utterances(session: AsyncSession, chosen: Select[str]) -> list[str]:
    return list((await session.execute(chosen.distinct().order_by(Label.utterance))).scalars())


async def decision_on(session: AsyncSession, folded: str) -> Label | None:
    """The newest decision in force about utterances of this form; None, too, where it does not stand any more."""
    decided = (*decided_by_people(), Label.folded == folded, ~_overruled(), stands(now()))
    return (await session.execute(select(Label).where(*decided))).scalar_one_or_none()


def decided_by_people(label: Any = Label) -> tuple[Any, ...]:
    """Labels in force that an operator gave or accepted."""
    in_force = (label.state == LabelState.COUNTED, label.withdrawn_at.is_(None))
    return (*in_force, (label.source == LabelSource.OPERATOR) | label.decided_by.is_not(None))


def _overruled() -> ColumnElement[bool]:
    """Whether somebody has decided anew about utterances of this form."""
    moment, later = counts_since(), counts_since(_newer)
    is_newer = (later > moment) | and_(later == moment, _newer.id > Label.id)
    return exists().where(*decided_by_people(_newer), _newer.folded == Label.folded, is_newer)


def stands(moment: datetime) -> ColumnElement[bool]:
    """Out of scope, or its answer may be given. An answer that was retired or has run out leaves the question open; the draft
    that was made of a composed reply waits for its approval."""
    goes_on = Answer.valid_until.is_(None) | (Answer.valid_until > moment)
    is_draft_of_it = and_(
        Answer.state == AnswerState.DRAFT, Label.made_answer, Label.verdict == Verdict.RIGHT
    )
    usable = and_(Answer.state == AnswerState.APPROVED, goes_on) | is_draft_of_it
    return Label.out_of_scope | exists().where(Answer.id == Label.answer_id, usable)


async def skipped(session: AsyncSession, *, at: datetime) -> set[str]:
    """Keys of what is put off at a moment."""
    return set((await session.execute(select(ReviewSkip.key).where(ReviewSkip.until > at))).scalars())


async def put_off(
    session: AsyncSession, key: str, *, exchange_id: str, until: datetime, skipped_by: str
) -> None:
    """Until then, in the place of an earlier wish. ``lock_decisions`` comes before it."""
    await session.execute(delete(ReviewSkip).where(ReviewSkip.key == key))
    row = {"key": key, "exchange_id": exchange_id, "until": until, "skipped_by": skipped_by}
    await session.execute(insert(ReviewSkip).values(**row))


async def lock_decisions(session: AsyncSession) -> None:
    """Decisions come one after the other, so that the second of two at once sees the first."""
    await session.execute(select(KnowledgeState.id).with_for_update())


async def signals_on(session: AsyncSession, since: datetime) -> dict[str, int]:
    """How many signs of dissatisfaction there are, by exchange."""
    statement = (
        select(Signal.exchange_id, func.count())
        .where(Signal.kind.in_(DISSATISFIED), Signal.created_at >= since)
        .group_by(Signal.exchange_id)
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


async def kinds_of_signals(session: AsyncSession, ids: Collection[str]) -> list[tuple[str, str]]:
    """(exchange, kind) of all signals on the exchanges."""
    wanted, found = sorted(ids), []
    for start in range(0, len(wanted), SLICE):
        part = Signal.exchange_id.in_(wanted[start : start + SLICE])
        rows = await session.execute(select(Signal.exchange_id, Signal.kind).where(part).order_by(Signal.id))
        found += [(row.exchange_id, row.kind) for row in rows]
    return found


async def votes_on(session: AsyncSession, ids: Collection[str]) -> list[Vote]:
    """Votes that count, in the order they were given."""
    wanted = sorted(ids)
    found: list[Any] = []
    columns = select(
        Feedback.exchange_id, Feedback.rating, Feedback.reason, Feedback.comment, Feedback.id
    ).where(COUNTS)
    for start in range(0, len(wanted), SLICE):
        part = Feedback.exchange_id.in_(wanted[start : start + SLICE])
        found += (await session.execute(columns.where(part))).all()
    return [
        Vote(row.exchange_id, row.rating, row.reason, row.comment)
        for row in sorted(found, key=lambda r: r.id)
    ]


async def exchanges(session: AsyncSession, ids: Sequence[str]) -> dict[str, Exchange]:
    rows = (await session.execute(select(Exchange).where(Exchange.id.in_(ids)))).scalars()
    return {row.id: row for row in rows}


async def texts_of_answers(session: AsyncSession, ids: Collection[str]) -> dict[str, dict[str, str]]:
    """The words of answers by language."""
    texts: dict[str, dict[str, str]] = {}
    statement = select(AnswerText).where(AnswerText.answer_id.in_(sorted(ids)), AnswerText.active)
    for row in (await session.execute(statement.order_by(AnswerText.number))).scalars():
        texts.setdefault(row.answer_id, {})[row.language] = row.text
    return texts


async def existing_exchanges(session: AsyncSession, ids: Sequence[str]) -> list[str]:
    found: list[str] = []
    for start in range(0, len(ids), SLICE):
        part = select(Exchange.id).where(Exchange.id.in_(ids[start : start + SLICE]))
        found += (await session.execute(part)).scalars()
    return found
