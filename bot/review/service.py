"""Deciding about what waits in the queue."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.answering.given_answers import given_answer
from bot.db.base import now
from bot.db.conversation_tables import Exchange
from bot.db.knowledge_tables import Label
from bot.errors import DecidedError, InvalidInputError
from bot.knowledge import repository as knowledge
from bot.knowledge.audit import record_audit
from bot.knowledge.composed_drafts import quoted_text
from bot.knowledge.folding import folded_hash, text_hash
from bot.knowledge.label_schemas import LabelIn, LabelOut
from bot.knowledge.labels import add_label, label_out
from bot.knowledge.service import Languages
from bot.knowledge.texts import answer_text
from bot.review import repository
from bot.review.audits import top_up
from bot.review.schemas import Decided, Decision, DecisionIn
from bot.review.waiting import key_of

PUT_OFF = timedelta(days=1)


async def decide(
    session: AsyncSession,
    exchange: Exchange,
    wanted: DecisionIn,
    *,
    languages: Languages,
    decided_by: str,
    near: Sequence[str] = (),
    overrule: bool = False,
) -> Decided:
    """Makes the decision; once: the same one again changes nothing. ``overrule`` puts it in the place of an earlier one.

    Raises:
        DecidedError: somebody has decided otherwise.
        ConflictError: the exchange gave no answer that could be right.
        NotFoundError, RivalsError, InvalidInputError: as with ``add_label``.
    """
    await repository.lock_decisions(session)
    if wanted.verdict is Decision.SKIP:
        return await _put_off(session, exchange, wanted.until, skipped_by=decided_by)
    earlier = await repository.decision_on(session, folded_hash(exchange.question))
    if earlier is not None and not overrule:
        return await _repeated(session, exchange, wanted, earlier)
    label = await add_label(
        session,
        _label(exchange.id, wanted),
        languages=languages,
        given_by=decided_by,
        exchange=exchange,
        near=near,
    )
    await top_up(session, at=now())
    return Decided(verdict=wanted.verdict, label=label, until=None, repeated=False)


async def decision_about(session: AsyncSession, exchange: Exchange) -> LabelOut | None:
    """What is decided about the question of an exchange; None while nobody has."""
    label = await repository.decision_on(session, folded_hash(exchange.question))
    return label_out(label) if label is not None else None


async def refuse_to_overrule(session: AsyncSession, exchange: Exchange, *, decided_by: str) -> None:
    """Raises DecidedError where the question of an exchange was decided by somebody else. The knowledge is locked by then."""
    earlier = await repository.decision_on(session, folded_hash(exchange.question))
    if earlier is not None and _who(earlier) != decided_by:
        raise DecidedError(f"{_said(earlier)}; to overrule it, send overrule: true")


def _who(label: Label) -> str:
    return label.decided_by or label.given_by


def _said(earlier: Label) -> str:
    leads = f"leads to {earlier.answer_id}" if earlier.answer_id else "is out of scope"
    return f"{_who(earlier)} has decided by {earlier.id} that this question {leads}"


def _label(exchange_id: str, wanted: DecisionIn) -> LabelIn:
    return LabelIn(
        exchange_id=exchange_id,
        right=wanted.verdict is Decision.RIGHT,
        answer_id=wanted.answer_id,
        text=wanted.text,
        language=wanted.language,
        out_of_scope=wanted.verdict is Decision.OUT_OF_SCOPE,
        force=wanted.force,
    )


async def _put_off(
    session: AsyncSession, exchange: Exchange, until: datetime | None, *, skipped_by: str
) -> Decided:
    key, moment = key_of(exchange.question), until or now() + PUT_OFF
    if not key:
        raise InvalidInputError(f"exchange {exchange.id} has no letter or digit, so it never waits")
    if moment <= now():
        raise InvalidInputError(f"until {moment.isoformat()} is over; name a moment to come")
    await repository.put_off(session, key, exchange_id=exchange.id, until=moment, skipped_by=skipped_by)
    details = {"until": moment.isoformat()}
    await record_audit(session, actor=skipped_by, action="skip_review", target=exchange.id, details=details)
    return Decided(verdict=Decision.SKIP, label=None, until=moment, repeated=False)


async def _repeated(session: AsyncSession, exchange: Exchange, wanted: DecisionIn, earlier: Label) -> Decided:
    """Raises DecidedError unless the earlier decision says what is wanted now."""
    if not await _says_the_same(session, exchange, wanted, earlier):
        raise DecidedError(f"{_said(earlier)}; to overrule it, send a label (POST /v1/labels)")
    return Decided(verdict=wanted.verdict, label=label_out(earlier), until=None, repeated=True)


async def _says_the_same(
    session: AsyncSession, exchange: Exchange, wanted: DecisionIn, earlier: Label
) -> bool:
    if wanted.verdict is Decision.OUT_OF_SCOPE or earlier.answer_id is None:
        return wanted.verdict is Decision.OUT_OF_SCOPE and earlier.out_of_scope
    composed = quoted_text(exchange) if wanted.verdict is Decision.RIGHT else None
    if (text := wanted.text or composed) is not None:
        stored = await knowledge.stored_answers(session, [earlier.answer_id])
        hashed = text_hash(answer_text(text))
        return any(text_hash(each) == hashed for answer in stored for each in answer.texts.values())
    given = given_answer(exchange.outcome, exchange.reply)
    return earlier.answer_id == (given if wanted.verdict is Decision.RIGHT else wanted.answer_id)
