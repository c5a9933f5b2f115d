"""Queries that take labels out with what stands on them, and put both back."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from bot.db.knowledge_tables import (
    Answer,
    AnswerState,
    AnswerVersion,
    Label,
    LabelSource,
    LabelState,
    Question,
)
from bot.knowledge.label_order import counts_since
from bot.knowledge.versions import MERGED, WITHDRAWN

Labels = Select[str]
"""Ids of labels, as a subquery: a source may have more of them than a statement takes parameters."""

_other, _label = aliased(Question), aliased(Label)
_unknown, _said = aliased(Label), aliased(Label)
_TRUST = list(LabelSource)


def labels_of(source: str, condition: ColumnElement[bool]) -> Labels:
    """Labels of a source, or all that a principal gave or accepted."""
    accepted = and_(Label.decided_by == source, Label.state == LabelState.COUNTED)
    mine = Label.source == source if source in _TRUST else or_(Label.given_by == source, accepted)
    return select(Label.id).where(mine, condition)


def not_to_retired(labels: Labels) -> Labels:
    """Those whose answer was retired since, as by a merge the other way round, are to take nothing away from others."""
    retired = select(Answer.id).where(Answer.state == AnswerState.RETIRED)
    leads = or_(Label.answer_id.is_(None), Label.answer_id.not_in(retired))
    return select(Label.id).where(Label.id.in_(labels), leads)


def in_force() -> ColumnElement[bool]:
    return Label.withdrawn_at.is_(None)


def withdrawn(*, at: datetime | None = None) -> ColumnElement[bool]:
    """At some moment, or at this one."""
    return Label.withdrawn_at.is_not(None) if at is None else Label.withdrawn_at == at


async def mark_labels(session: AsyncSession, labels: Labels, *, withdrawn_at: datetime | None) -> int:
    """Returns how many."""
    change = update(Label).where(Label.id.in_(labels)).values(withdrawn_at=withdrawn_at).returning(Label.id)
    return len((await session.execute(_plain(change))).all())


async def hand_over_questions(session: AsyncSession, labels: Labels) -> None:
    """Questions that another label in force stands for as well stand on that one from now on, the strongest first."""
    statement = (
        select(Question.id, _label.id.label("label_id"), _label.source)
        .join(_label, and_(_label.folded == Question.folded, _label.answer_id == Question.answer_id))
        .where(Question.label_id.in_(labels), Question.active)
        .where(_label.state == LabelState.COUNTED, _label.withdrawn_at.is_(None))
        .order_by(Question.id, _label.id)
    )
    heirs: dict[str, tuple[str, str]] = {}
    for row in await session.execute(statement):
        if row.id not in heirs or _TRUST.index(row.source) <= _TRUST.index(LabelSource(heirs[row.id][1])):
            heirs[row.id] = (row.label_id, row.source)
    for question_id, (label_id, source) in heirs.items():
        change = update(Question).where(Question.id == question_id).values(label_id=label_id, source=source)
        await session.execute(_plain(change))


async def take_out_questions(session: AsyncSession, labels: Labels, *, at: datetime, revision: int) -> int:
    """Switches off what the labels made; what gave way to another label is marked, too, so that it can't come back."""
    made = (Question.label_id.in_(labels), Question.withdrawn_at.is_(None))
    used = or_(Question.active, Question.displaced_by.is_not(None))
    values = {"active": False, "withdrawn_at": at, "revision": revision}
    change = update(Question).where(*made, used).values(**values).returning(Question.id)
    return len((await session.execute(_plain(change))).all())


async def bring_back_displaced(session: AsyncSession, labels: Labels, *, revision: int) -> int:
    """Questions that gave way to the labels lead to their answers again, unless their form leads somewhere by now or has been
    called out of scope since; with them those of the same form that such a word has kept away up to now."""
    waiting = and_(_gave_way(Question, labels), Question.withdrawn_at.is_(None), ~Question.active)
    later = and_(_gave_way(_other, labels), _other.withdrawn_at.is_(None), _other.number > Question.number)
    taken = exists().where(_other.folded == Question.folded, or_(_other.active, later))
    unknown = _called_unknown(_unknown.withdrawn_at.is_(None), since=Question.displaced_by).exists()
    usable = select(Question.number).where(waiting, ~taken, ~unknown)
    return await _switch_on(session, usable, revision=revision)


def _gave_way(question: Any, labels: Labels) -> ColumnElement[bool]:
    """To the labels, or to one that was withdrawn before, where they are about the same form."""
    forms = select(_label.folded).where(_label.id.in_(labels))
    withdrawn_before = exists().where(_label.id == question.displaced_by, _label.withdrawn_at.is_not(None))
    return or_(question.displaced_by.in_(labels), and_(question.folded.in_(forms), withdrawn_before))


def _called_unknown(
    condition: ColumnElement[bool], *, since: InstrumentedAttribute[str | None]
) -> Select[str]:
    """Labels that call a question's form out of scope and are newer than the label that it names, the newest first."""
    is_newer = counts_since(_unknown) > counts_since(_said)
    return (
        select(_unknown.id)
        .where(_unknown.folded == Question.folded, _unknown.out_of_scope, condition)
        .where(_unknown.state == LabelState.COUNTED, _said.id == since, is_newer)
        .order_by(counts_since(_unknown).desc(), _unknown.id.desc())
        .limit(1)
        .correlate(Question)
    )


async def displace_again(session: AsyncSession, labels: Labels, *, revision: int) -> None:
    """What had come back since, also where the labels call out of scope what gave way to others."""
    unknown = _called_unknown(_unknown.id.in_(labels), since=Question.displaced_by).exists()
    gone = or_(Question.displaced_by.in_(labels), unknown)
    change = update(Question).where(Question.active, Question.displaced_by.is_not(None), gone)
    await session.execute(_plain(change.values(active=False, revision=revision)))


async def put_back_questions(session: AsyncSession, labels: Labels, *, revision: int) -> int:
    """What the labels made leads to its answer again, unless its form leads elsewhere, is out of scope, or it had given way by then."""
    made = and_(Question.label_id.in_(labels), Question.withdrawn_at.is_not(None))
    taken = exists().where(_other.folded == Question.folded, _other.active)
    unknown = _called_unknown(_unknown.withdrawn_at.is_(None), since=Question.label_id).scalar_subquery()
    gives_way = update(Question).where(made, Question.displaced_by.is_(None), unknown.is_not(None))
    await session.execute(_plain(gives_way.values(displaced_by=unknown)))
    gone_before = exists().where(
        _label.id == Question.displaced_by, or_(_label.withdrawn_at.is_(None), _label.id.in_(labels))
    )
    usable = list(
        (await session.execute(select(Question.number).where(made, ~taken, ~gone_before))).scalars()
    )
    change = update(Question).where(made).values(withdrawn_at=None, revision=revision)
    await session.execute(_plain(change))
    return await _switch_on(session, usable, revision=revision)


async def _switch_on(session: AsyncSession, numbers: Select[int] | list[int], *, revision: int) -> int:
    found = numbers if isinstance(numbers, list) else list((await session.execute(numbers)).scalars())
    for start in range(0, len(found), 500):
        change = update(Question).where(Question.number.in_(found[start : start + 500]))
        await session.execute(_plain(change.values(active=True, revision=revision)))
    return len(found)


async def answers_left_without_questions(session: AsyncSession, labels: Labels) -> list[str]:
    """Approved answers that were written for the labels and that no question leads to any more."""
    made = select(Label.answer_id).where(Label.id.in_(labels), Label.made_answer)
    asked = exists().where(Question.answer_id == Answer.id, Question.active)
    statement = select(Answer.id).where(Answer.id.in_(made), Answer.state == AnswerState.APPROVED, ~asked)
    return list((await session.execute(statement.order_by(Answer.id))).scalars())


async def answers_retired_by_withdrawal(session: AsyncSession, labels: Labels) -> list[str]:
    """Answers written for the labels whose present version says that a withdrawal has retired them."""
    made = select(Label.answer_id).where(Label.id.in_(labels), Label.made_answer)
    statement = _by_present_version(AnswerState.RETIRED, WITHDRAWN).where(Answer.id.in_(made))
    return list((await session.execute(statement)).scalars())


async def merged_away(session: AsyncSession, labels: Labels, *, brought_back: bool) -> list[tuple[str, str]]:
    """(answer, label) of answers that the labels had merged into others: retired still, or brought back since."""
    state, by = (AnswerState.APPROVED, WITHDRAWN) if brought_back else (AnswerState.RETIRED, MERGED)
    merging = aliased(AnswerVersion)
    statement = (
        _by_present_version(state, by)
        .add_columns(merging.changed_by)
        .join(merging, merging.answer_id == Answer.id)
        .where(merging.changed_by.in_(select(MERGED + _label.id).where(_label.id.in_(labels))))
        .order_by(merging.version)
    )
    return [(id, changed_by.removeprefix(MERGED)) for id, changed_by in await session.execute(statement)]


def _by_present_version(state: AnswerState, changed_by: str) -> Select[Any]:
    present = and_(AnswerVersion.answer_id == Answer.id, AnswerVersion.version == Answer.version)
    return (
        select(Answer.id)
        .join(AnswerVersion, present)
        .where(Answer.state == state, AnswerVersion.changed_by.startswith(changed_by, autoescape=True))
        .order_by(Answer.id)
    )


def _plain(statement: Any) -> Any:
    return statement.execution_options(synchronize_session=False)
