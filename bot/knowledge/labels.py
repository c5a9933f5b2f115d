"""Labels: what people say is the right answer to an utterance, and candidates that wait for a person's word.

A label of an operator counts at once. Candidates (what visitors chose, what agents wrote during a handoff) teach nothing
until somebody with an operator's key accepts them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.answering.given_answers import given_answer
from bot.db.base import JsonObject, new_id, now
from bot.db.conversation_tables import Exchange
from bot.db.knowledge_tables import AnswerState, Label, LabelSource, LabelState, Verdict
from bot.errors import ConflictError, NotFoundError
from bot.knowledge import repository
from bot.knowledge.audit import record_audit
from bot.knowledge.composed_drafts import draft_of, quoted_text
from bot.knowledge.index_feed import raise_revision
from bot.knowledge.label_schemas import AcceptIn, LabelIn, LabelOut
from bot.knowledge.repository import StoredAnswer
from bot.knowledge.rivals import refuse_rivals
from bot.knowledge.schemas import AnswerIn
from bot.knowledge.service import Languages, create_answer, find_answer
from bot.knowledge.teaching import teach, teach_unknown
from bot.knowledge.texts import Asked, answer_text, asked


@dataclass(frozen=True)
class NewAnswer:
    """A text to be added as an approved answer. ``near`` are the answers to compare it with."""

    text: str
    language: str | None
    force: bool
    near: Sequence[str]


async def add_label(
    session: AsyncSession,
    wanted: LabelIn,
    *,
    languages: Languages,
    given_by: str,
    exchange: Exchange | None = None,
    near: Sequence[str] = (),
) -> LabelOut:
    """Records what is right for an utterance and lets it count at once.

    With an answer, the utterance becomes a question that leads to it, in the place of questions of equal form that lead elsewhere:
    the correction wins. A composed reply that is right becomes a draft answer, and the label is felt when that is approved. Of an
    exchange drawn by lot, a reply is right also if its answer may not be given any more; that teaches nothing. Out of scope, questions
    of equal form are switched off, so that no answer claims the utterance, and the next model learns it as unknown. Of several labels
    on one utterance the newest counts.

    Raises:
        NotFoundError: there is no such answer.
        ConflictError: the answer is not approved, or the exchange gave none that could be right.
        RivalsError: the new answer has rivals.
        InvalidInputError: the utterance holds nothing to compare, or the language is not served.
    """
    revision = await raise_revision(session)
    composed = quoted_text(exchange) if exchange and wanted.right else None
    if exchange is not None and composed is not None:
        return await _accept_composed(session, exchange, composed, languages=languages, given_by=given_by)
    given = given_answer(exchange.outcome, exchange.reply) if exchange else None
    answer_id = _right(exchange, given) if wanted.right else wanted.answer_id
    stored = await find_answer(session, answer_id) if answer_id else None
    utterance = _words(wanted, exchange, stored, languages=languages)
    if wanted.text is not None:
        new = NewAnswer(wanted.text, wanted.language, wanted.force, near)
        answer_id = await add_answer(session, new, utterance, languages=languages, made_by=given_by)
    label = await record_label(
        session,
        utterance,
        answer_id,
        verdict=_verdict(wanted, answer_id, given),
        given_by=given_by,
        exchange_id=wanted.exchange_id,
        state=await _state(session, wanted, exchange, stored),
    )
    await _let_count(session, label, utterance, revision=revision)
    await record_audit(
        session, actor=given_by, action="label", target=label.id, details={"answer": answer_id}
    )
    return label


async def _accept_composed(
    session: AsyncSession, exchange: Exchange, text: str, *, languages: Languages, given_by: str
) -> LabelOut:
    utterance = asked(exchange.question, language=exchange.language, languages=languages)
    answer_id = await draft_of(session, text, utterance, languages=languages, made_by=given_by)
    label = await record_label(
        session,
        utterance,
        answer_id,
        verdict=Verdict.RIGHT,
        given_by=given_by,
        exchange_id=exchange.id,
        made_answer=True,
    )
    await repository.let_questions_stand_on(session, label.id, answer_id=answer_id)
    details = {"answer": answer_id}
    await record_audit(session, actor=given_by, action="accept_composed", target=label.id, details=details)
    return label


async def accept(
    session: AsyncSession,
    label_id: str,
    wanted: AcceptIn,
    *,
    languages: Languages,
    accepted_by: str,
    near: Sequence[str] = (),
) -> LabelOut:
    """Lets a candidate count from now on: with its own answer, another one, or a new one.

    Raises:
        NotFoundError: there is no such label or answer.
        ConflictError: it is no candidate any more, or the answer is not approved.
        InvalidInputError, RivalsError: as with ``add_label``.
    """
    revision = await raise_revision(session)
    label = await _candidate(session, label_id)
    answer_id = wanted.answer_id or (None if wanted.text else label.answer_id)
    if answer_id is not None:
        await find_answer(session, answer_id)
    utterance = Asked(label.utterance, label.folded, label.language)
    text = wanted.text or (None if answer_id else label.draft_text)
    if text is not None:
        new = NewAnswer(text, wanted.language, wanted.force, near)
        answer_id = await add_answer(session, new, utterance, languages=languages, made_by=accepted_by)
    assert answer_id is not None, "a candidate has an answer or a draft"
    changed = {"answer_id": answer_id, "made_answer": text is not None, "state": LabelState.COUNTED}
    out = await _decide(session, label_id, changed, decided_by=accepted_by, action="accept_label")
    await _let_count(session, out, utterance, revision=revision)
    return out


async def reject(session: AsyncSession, label_id: str, *, rejected_by: str) -> LabelOut:
    """Puts a candidate aside for good. Raises like ``accept``."""
    await raise_revision(session)
    await _candidate(session, label_id)
    changed = {"state": LabelState.REJECTED}
    return await _decide(session, label_id, changed, decided_by=rejected_by, action="reject_label")


async def add_answer(
    session: AsyncSession, new: NewAnswer, question: Asked, *, languages: Languages, made_by: str
) -> str:
    """An approved answer without questions; its id. Raises RivalsError unless it is forced."""
    if not new.force:
        await refuse_rivals(session, text=answer_text(new.text), question=question, near=new.near)
    wanted = AnswerIn(text=new.text, language=new.language)
    return (await create_answer(session, wanted, languages=languages, created_by=made_by)).id


async def record_label(
    session: AsyncSession,
    utterance: Asked,
    answer_id: str | None,
    *,
    verdict: Verdict | None,
    given_by: str,
    exchange_id: str | None,
    source: LabelSource = LabelSource.OPERATOR,
    made_answer: bool = False,
    state: LabelState = LabelState.COUNTED,
) -> LabelOut:
    """A label as a row; ``teach`` makes one that counts felt."""
    row: JsonObject = {
        "id": new_id("lbl"),
        "utterance": utterance.text,
        "folded": utterance.folded,
        "language": utterance.language,
        "answer_id": answer_id,
        "out_of_scope": answer_id is None,
        "source": source,
        "state": state,
        "verdict": verdict,
        "draft_text": None,
        "made_answer": made_answer or verdict is Verdict.NEW_ANSWER,
        "given_by": given_by,
        "exchange_id": exchange_id,
        "created_at": now(),
        "decided_by": None,
        "decided_at": None,
        "withdrawn_at": None,
    }
    await session.execute(insert(Label).values(**row))
    return LabelOut.model_validate(row)


def label_out(label: Label) -> LabelOut:
    return LabelOut.model_validate(label, from_attributes=True)


async def _let_count(session: AsyncSession, label: LabelOut, utterance: Asked, *, revision: int) -> None:
    if label.state is LabelState.AUDIT:
        return
    if label.answer_id is None:
        await teach_unknown(session, utterance, label_id=label.id, revision=revision)
        return
    stored = await find_answer(session, label.answer_id)
    await teach(session, utterance, stored, source=label.source, label_id=label.id, revision=revision)


async def _candidate(session: AsyncSession, label_id: str) -> Label:
    label = await repository.label(session, label_id)
    if label is None:
        raise NotFoundError(f"no label {label_id!r}")
    if label.state != LabelState.CANDIDATE or label.withdrawn_at is not None:
        state = "withdrawn" if label.withdrawn_at else label.state
        raise ConflictError(f"label {label_id} is {state}; only a candidate can be accepted or rejected")
    return label


async def _decide(
    session: AsyncSession, label_id: str, changed: JsonObject, *, decided_by: str, action: str
) -> LabelOut:
    values = {**changed, "decided_by": decided_by, "decided_at": now()}
    change = update(Label).where(Label.id == label_id).values(**values)
    await session.execute(change.execution_options(synchronize_session=False))
    details = {"answer": changed.get("answer_id")}
    await record_audit(session, actor=decided_by, action=action, target=label_id, details=details)
    label = await repository.label(session, label_id)
    assert label is not None, "it was changed a line above"
    return label_out(label)


def _words(
    wanted: LabelIn, exchange: Exchange | None, stored: StoredAnswer | None, *, languages: Languages
) -> Asked:
    default = next(iter(stored.texts)) if stored else None
    said = wanted.utterance or (exchange.question if exchange else "")
    return asked(said, language=None, languages=languages, default=default)


async def _state(
    session: AsyncSession, wanted: LabelIn, exchange: Exchange | None, stored: StoredAnswer | None
) -> LabelState:
    """``audit`` where it says of a drawn reply that it was right to give an answer that may not be given any more."""
    if exchange is None or stored is None or not wanted.right or wanted.utterance is not None:
        return LabelState.COUNTED
    is_past = stored.answer.state != AnswerState.APPROVED
    return (
        LabelState.AUDIT
        if is_past and await repository.is_drawn(session, exchange.id)
        else LabelState.COUNTED
    )


def _right(exchange: Exchange | None, given: str | None) -> str:
    if exchange is None or given is None:
        raise ConflictError(
            f"exchange {exchange.id if exchange else '?'} gave no answer that could be right; send answer_id or text"
        )
    return given


def _verdict(wanted: LabelIn, answer_id: str | None, given: str | None) -> Verdict | None:
    if answer_id is None:
        return Verdict.OUT_OF_SCOPE
    if wanted.text is not None:
        return Verdict.NEW_ANSWER
    if wanted.exchange_id is None:
        return None
    return Verdict.RIGHT if answer_id == given else Verdict.OTHER_ANSWER
