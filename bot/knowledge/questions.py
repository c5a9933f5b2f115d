"""Questions that lead to answers."""

from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.knowledge_tables import Answer, AnswerState, LabelSource, Question
from bot.errors import ConflictError, NotFoundError
from bot.knowledge import repository
from bot.knowledge.audit import record_audit
from bot.knowledge.index_feed import raise_revision
from bot.knowledge.schemas import QuestionIn, QuestionOut
from bot.knowledge.service import Languages, find_answer, make_room, window_of
from bot.knowledge.texts import Asked, asked


async def add_question(
    session: AsyncSession, wanted: QuestionIn, *, languages: Languages, added_by: str
) -> tuple[QuestionOut, bool]:
    """The question, and whether it is new: one of equal form that leads to this answer already stays.

    Raises:
        NotFoundError: there is no such answer.
        ConflictError: the answer is retired, or the question leads to another answer.
        InvalidInputError: the language is not served, or the text holds nothing to compare.
    """
    revision = await raise_revision(session)
    stored = await find_answer(session, wanted.answer_id)
    _not_retired(stored.answer)
    question = asked(
        wanted.text, language=wanted.language, languages=languages, default=next(iter(stored.texts))
    )
    same = await repository.active_questions(session, answer_id=wanted.answer_id, folded=question.folded)
    if same:
        return question_out(same[0]), False
    row = await _lead_here(session, question, stored.answer, replace=wanted.replace, revision=revision)
    await record_audit(
        session, actor=added_by, action="add_question", target=row.id, details={"answer": row.answer_id}
    )
    return question_out(row), True


async def remove_question(session: AsyncSession, question_id: str, *, removed_by: str) -> None:
    """Switches a question off; raises NotFoundError when there is none, or it is off already."""
    revision = await raise_revision(session)
    question = await repository.active_question(session, question_id)
    if question is None:
        raise NotFoundError(f"no question {question_id!r}")
    await repository.switch_off(session, [question_id], revision=revision)
    await record_audit(session, actor=removed_by, action="remove_question", target=question_id)


def question_out(question: Question) -> QuestionOut:
    return QuestionOut.model_validate(question, from_attributes=True)


async def _lead_here(
    session: AsyncSession,
    question: Asked,
    answer: Answer,
    *,
    replace: bool,
    revision: int,
) -> Question:
    await make_room(
        session, answer.id, [question.folded], window_of(answer), replace=replace, revision=revision
    )
    values = question.row(answer.id, source=LabelSource.OPERATOR, revision=revision)
    await repository.add_questions(session, [values])
    row = await repository.active_question(session, values["id"])
    assert row is not None, "it was stored a line above"
    return row


def _not_retired(answer: Answer) -> None:
    if answer.state == AnswerState.RETIRED:
        raise ConflictError(
            f"answer {answer.id} is retired; approve it again first (PATCH /v1/answers/{answer.id})"
        )
