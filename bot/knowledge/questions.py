"""Questions that lead to answers, and labels: what people say is the right answer to an utterance."""

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.principals import Principal
from bot.conversations.repository import exchange_for
from bot.db.base import new_id, now
from bot.db.knowledge_tables import Answer, AnswerState, Label, LabelSource, Question
from bot.errors import ConflictError, NotFoundError
from bot.knowledge import repository
from bot.knowledge.audit import record_audit
from bot.knowledge.index_feed import raise_revision
from bot.knowledge.repository import StoredAnswer
from bot.knowledge.schemas import LabelIn, LabelOut, QuestionIn, QuestionOut
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
    row = await _lead_here(
        session, question, stored.answer, replace=wanted.replace, revision=revision, label_id=None
    )
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


async def add_label(
    session: AsyncSession, wanted: LabelIn, *, languages: Languages, given_by: Principal
) -> LabelOut:
    """Records what is right for an utterance and lets it count at once.

    With an answer, the utterance becomes a question that leads to it, in the place of questions of equal form
    that lead elsewhere: the correction wins. Out of scope, questions of equal form are switched off, so that
    no answer claims the utterance, and the next model learns it as unknown. Of several labels on one utterance
    the newest counts.

    Raises:
        NotFoundError: there is no such answer or exchange.
        ConflictError: the answer is not approved.
        InvalidInputError: the utterance holds nothing to compare.
    """
    revision = await raise_revision(session)
    if wanted.exchange_id and await exchange_for(session, wanted.exchange_id, given_by) is None:
        raise NotFoundError(f"no exchange {wanted.exchange_id!r}")
    stored = await find_answer(session, wanted.answer_id) if wanted.answer_id else None
    default = next(iter(stored.texts)) if stored else None
    utterance = asked(wanted.utterance, language=None, languages=languages, default=default)
    label = await _record(session, wanted, utterance, given_by=given_by.name)
    if stored is None:
        rivals = await repository.active_questions(session, folded=utterance.folded)
        await repository.switch_off(session, [question.id for question in rivals], revision=revision)
    else:
        await _teach(session, utterance, stored, label_id=label.id, revision=revision)
    await record_audit(
        session, actor=given_by.name, action="label", target=label.id, details={"answer": wanted.answer_id}
    )
    return label


def question_out(question: Question) -> QuestionOut:
    return QuestionOut.model_validate(question, from_attributes=True)


def label_out(label: Label) -> LabelOut:
    return LabelOut.model_validate(label, from_attributes=True)


async def _teach(
    session: AsyncSession, utterance: Asked, stored: StoredAnswer, *, label_id: str, revision: int
) -> None:
    if stored.answer.state != AnswerState.APPROVED:
        raise ConflictError(
            f"answer {stored.answer.id} is {stored.answer.state}, so it can't be the right one; approve it first "
            f"(PATCH /v1/answers/{stored.answer.id} with state: approved)"
        )
    known = await repository.active_questions(session, answer_id=stored.answer.id, folded=utterance.folded)
    rivals = await repository.active_questions(session, folded=utterance.folded)
    others = [question.id for question in rivals if question.answer_id != stored.answer.id]
    await repository.switch_off(session, others, revision=revision)
    if not known:
        row = utterance.row(
            stored.answer.id, source=LabelSource.OPERATOR, revision=revision, label_id=label_id
        )
        await repository.add_questions(session, [row])


async def _lead_here(
    session: AsyncSession,
    question: Asked,
    answer: Answer,
    *,
    replace: bool,
    revision: int,
    label_id: str | None,
) -> Question:
    await make_room(
        session, answer.id, [question.folded], window_of(answer), replace=replace, revision=revision
    )
    values = question.row(answer.id, source=LabelSource.OPERATOR, revision=revision, label_id=label_id)
    await repository.add_questions(session, [values])
    row = await repository.active_question(session, values["id"])
    assert row is not None, "it was stored a line above"
    return row


async def _record(session: AsyncSession, wanted: LabelIn, utterance: Asked, *, given_by: str) -> LabelOut:
    row = {
        "id": new_id("lbl"),
        "utterance": utterance.text,
        "folded": utterance.folded,
        "language": utterance.language,
        "answer_id": wanted.answer_id,
        "out_of_scope": wanted.out_of_scope,
        "source": LabelSource.OPERATOR,
        "given_by": given_by,
        "exchange_id": wanted.exchange_id,
        "created_at": now(),
    }
    await session.execute(insert(Label).values(**row))
    return LabelOut.model_validate(row)


def _not_retired(answer: Answer) -> None:
    if answer.state == AnswerState.RETIRED:
        raise ConflictError(
            f"answer {answer.id} is retired; approve it again first (PATCH /v1/answers/{answer.id})"
        )
