"""Lets a label count: its utterance becomes a question of its answer, or of none.

What has to give way remembers the label (``displaced_by``), so that it comes back when the label is withdrawn.
"""

from collections.abc import Sequence

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.knowledge_tables import AnswerState, LabelSource, Question
from bot.errors import ConflictError
from bot.knowledge import repository
from bot.knowledge.repository import StoredAnswer
from bot.knowledge.texts import Asked

_ORDER = list(LabelSource)


async def teach(
    session: AsyncSession,
    utterance: Asked,
    stored: StoredAnswer,
    *,
    source: LabelSource,
    label_id: str,
    revision: int,
) -> None:
    """The utterance leads to the answer, in the place of questions of equal form that lead elsewhere.

    Raises:
        ConflictError: the answer is not approved.
    """
    if stored.answer.state != AnswerState.APPROVED:
        raise ConflictError(
            f"answer {stored.answer.id} is {stored.answer.state}, so it can't be the right one; approve it first "
            f"(PATCH /v1/answers/{stored.answer.id} with state: approved)"
        )
    same = await repository.active_questions(session, folded=utterance.folded)
    others = [question.id for question in same if question.answer_id != stored.answer.id]
    await repository.switch_off(session, others, revision=revision, displaced_by=label_id)
    known = [question for question in same if question.answer_id == stored.answer.id]
    if not known:
        row = utterance.row(stored.answer.id, source=source, revision=revision, label_id=label_id)
        await repository.add_questions(session, [row])
    await _vouch_for(session, known, source=source, label_id=label_id)


async def teach_unknown(session: AsyncSession, utterance: Asked, *, label_id: str, revision: int) -> None:
    """No answer claims the utterance any more."""
    same = await repository.active_questions(session, folded=utterance.folded)
    await repository.switch_off(
        session, [question.id for question in same], revision=revision, displaced_by=label_id
    )


async def move_questions(
    session: AsyncSession, questions: Sequence[Question], to: str, *, label_id: str, revision: int
) -> None:
    """Lets questions lead to another answer; those it has already are only switched off where they were."""
    moving = [question.id for question in questions]
    await repository.switch_off(session, moving, revision=revision, displaced_by=label_id)
    there = {question.folded for question in await repository.active_questions(session, answer_id=to)}
    new = {question.folded: question for question in questions if question.folded not in there}
    rows = [
        Asked(question.text, question.folded, question.language).row(
            to, source=LabelSource.OPERATOR, revision=revision, label_id=label_id
        )
        for question in new.values()
    ]
    await repository.add_questions(session, rows)


async def _vouch_for(
    session: AsyncSession, known: Sequence[Question], *, source: LabelSource, label_id: str
) -> None:
    """A question that a weaker label made stands on the stronger one from now on."""
    weaker = [
        question.id
        for question in known
        if question.label_id and _ORDER.index(LabelSource(question.source)) > _ORDER.index(source)
    ]
    change = update(Question).where(Question.id.in_(weaker)).values(source=source, label_id=label_id)
    await session.execute(change.execution_options(synchronize_session=False))
