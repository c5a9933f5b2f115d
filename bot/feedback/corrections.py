"""Putting right the entry that caused a wrong reply, instead of adding a rival to it.

Every correction leaves a label on the exchange: what it moved or switched off stands on that label, so that it can be
taken back with it (``bot.knowledge.withdrawals``); texts go back by their versions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from bot.answering.given_answers import given_answer
from bot.db.conversation_tables import Exchange
from bot.db.knowledge_tables import AnswerState, LabelSource, Question, Verdict
from bot.errors import ConflictError, InvalidInputError
from bot.feedback.correction_schemas import Action, CorrectionIn, CorrectionOut
from bot.knowledge import repository
from bot.knowledge.audit import record_audit
from bot.knowledge.index_feed import raise_revision
from bot.knowledge.labels import NewAnswer, add_answer, record_label
from bot.knowledge.rivals import refuse_rivals
from bot.knowledge.schemas import AnswerPatch
from bot.knowledge.service import Languages, answer_out, change_answer, find_answer
from bot.knowledge.teaching import move_questions, teach
from bot.knowledge.texts import Asked, answer_text, asked
from bot.knowledge.versions import merged_by
from bot.review.service import refuse_to_overrule


@dataclass(frozen=True)
class _Plan:
    """The right answer, and which questions of the one that was given move to it."""

    answer_id: str
    verdict: Verdict
    moving: Sequence[Question] = ()
    retiring: str | None = field(default=None)


@dataclass(frozen=True)
class _Correction:
    exchange: Exchange
    wanted: CorrectionIn
    question: Asked
    near: Sequence[str]
    languages: Languages
    by: str


async def correct(
    session: AsyncSession,
    exchange: Exchange,
    wanted: CorrectionIn,
    *,
    languages: Languages,
    corrected_by: str,
    near: Sequence[str] = (),
) -> CorrectionOut:
    """Changes the knowledge so that the exchange's question is answered rightly from now on.

    Raises:
        NotFoundError: there is no such answer.
        ConflictError: the reply gave no answer, the other answer is not approved or lacks a language, the answer has changed
            since its text was read, or somebody else has decided about the question, and ``overrule`` was not sent.
        RivalsError: another answer is much like it, and ``force`` was not sent.
        InvalidInputError: a question to move is not one of the answer given; a text or language makes no sense.
    """
    revision = await raise_revision(session)
    if not wanted.overrule:
        await refuse_to_overrule(session, exchange, decided_by=corrected_by)
    question = asked(exchange.question, language=None, languages=languages, default=exchange.language)
    correction = _Correction(exchange, wanted, question, near, languages, corrected_by)
    plan = await _PLANS[wanted.action](session, correction)
    label = await record_label(
        session,
        question,
        plan.answer_id,
        verdict=plan.verdict,
        given_by=corrected_by,
        exchange_id=exchange.id,
    )
    await _carry_out(session, plan, correction, label_id=label.id, revision=revision)
    await record_audit(
        session,
        actor=corrected_by,
        action=f"correct_{wanted.action.value}",
        target=label.id,
        details={"answer": plan.answer_id, "moved": len(plan.moving), "retired": plan.retiring},
    )
    return CorrectionOut(
        action=wanted.action,
        answer=answer_out(await find_answer(session, plan.answer_id)),
        label=label,
        moved=[moved.id for moved in plan.moving],
        retired=plan.retiring,
    )


async def _carry_out(
    session: AsyncSession, plan: _Plan, correction: _Correction, *, label_id: str, revision: int
) -> None:
    await move_questions(session, plan.moving, plan.answer_id, label_id=label_id, revision=revision)
    if plan.retiring:
        retired = AnswerPatch(state=AnswerState.RETIRED)
        await change_answer(
            session,
            plan.retiring,
            retired,
            languages=correction.languages,
            changed_by=merged_by(label_id),
        )
    await teach(
        session,
        correction.question,
        await find_answer(session, plan.answer_id),
        source=LabelSource.OPERATOR,
        label_id=label_id,
        revision=revision,
    )


async def _replace(session: AsyncSession, correction: _Correction) -> _Plan:
    given, wanted = _given(correction.exchange), correction.wanted
    assert wanted.text is not None, "the schema sees to it"
    present = (await find_answer(session, given)).answer.version
    if wanted.version is not None and wanted.version != present:
        raise ConflictError(
            f"somebody changed answer {given} meanwhile: it stands at version {present}, you read {wanted.version}"
        )
    if not wanted.force:
        await refuse_rivals(
            session,
            text=answer_text(wanted.text),
            question=correction.question,
            near=correction.near,
            text_of=[given],
            question_of=[given],
        )
    language = wanted.language or correction.exchange.reply["language"]
    patch = AnswerPatch(text=wanted.text, language=language)
    await change_answer(session, given, patch, languages=correction.languages, changed_by=correction.by)
    return _Plan(given, Verdict.RIGHT)


async def _split(session: AsyncSession, correction: _Correction) -> _Plan:
    given, wanted = _given(correction.exchange), correction.wanted
    _other_than(given, wanted.answer_id)
    own = await repository.active_questions(session, answer_id=given)
    named = set(wanted.question_ids)
    strangers = sorted(named - {question.id for question in own})
    if strangers:
        raise InvalidInputError(
            f"question {strangers[0]!r} does not lead to answer {given}; see GET /v1/questions?answer_id={given}"
        )
    moving = [q for q in own if q.id in named or q.folded == correction.question.folded]
    if not wanted.force:
        allowed = [given, *([wanted.answer_id] if wanted.answer_id else [])]
        await refuse_rivals(
            session,
            text=answer_text(wanted.text) if wanted.text else None,
            question=correction.question,
            near=correction.near,
            question_of=allowed,
        )
    if wanted.answer_id is not None:
        await find_answer(session, wanted.answer_id)
        return _Plan(wanted.answer_id, Verdict.OTHER_ANSWER, moving)
    return _Plan(await _new_answer(session, correction), Verdict.NEW_ANSWER, moving)


async def _merge(session: AsyncSession, correction: _Correction) -> _Plan:
    given, wanted = _given(correction.exchange), correction.wanted
    assert wanted.answer_id is not None, "the schema sees to it"
    _other_than(given, wanted.answer_id)
    kept, gone = await find_answer(session, wanted.answer_id), await find_answer(session, given)
    lost = sorted(gone.texts.keys() - kept.texts.keys())
    if lost and not wanted.force:
        raise ConflictError(
            f"answer {wanted.answer_id} has no text in {', '.join(lost)}, which answer {given} has; add it first "
            f"(PATCH /v1/answers/{wanted.answer_id} with text and language), or send force: true"
        )
    if not wanted.force:
        await refuse_rivals(
            session,
            text=None,
            question=correction.question,
            near=correction.near,
            question_of=[given, wanted.answer_id],
        )
    moving = await repository.active_questions(session, answer_id=given)
    return _Plan(wanted.answer_id, Verdict.OTHER_ANSWER, moving, retiring=given)


async def _add(session: AsyncSession, correction: _Correction) -> _Plan:
    if not correction.wanted.force:
        await refuse_rivals(
            session,
            text=answer_text(correction.wanted.text or ""),
            question=correction.question,
            near=correction.near,
        )
    return _Plan(await _new_answer(session, correction), Verdict.NEW_ANSWER)


_PLANS = {Action.REPLACE: _replace, Action.SPLIT: _split, Action.MERGE: _merge, Action.ADD: _add}


async def _new_answer(session: AsyncSession, correction: _Correction) -> str:
    """Its rivals have been looked for by now, with what this action allows."""
    wanted = correction.wanted
    assert wanted.text is not None, "the schema sees to it"
    new = NewAnswer(wanted.text, wanted.language, force=True, near=correction.near)
    return await add_answer(
        session, new, correction.question, languages=correction.languages, made_by=correction.by
    )


def _given(exchange: Exchange) -> str:
    given = given_answer(exchange.outcome, exchange.reply)
    if given is None:
        raise ConflictError(
            f"exchange {exchange.id} gave no answer ({exchange.outcome}), so there is none to change; use action add"
        )
    return given


def _other_than(given: str, answer_id: str | None) -> None:
    if answer_id == given:
        raise InvalidInputError(f"answer {given} is the one that was given; name another one as answer_id")
