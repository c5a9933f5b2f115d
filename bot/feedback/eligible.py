"""The labels that count, with their trust and weight: what a training export may take.

Labels that name an answer are questions of that answer as well (``questions.label_id``), so an export of the approved
questions with their sources holds them already; this is for exports that keep who said it and from which exchange.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.knowledge_tables import Answer, AnswerState, Label, LabelSource, LabelState
from bot.feedback.trust import Trust
from bot.knowledge.label_order import newest_last

_TRUST = {trust.source: trust for trust in Trust}


@dataclass(frozen=True)
class EligibleLabel:
    """``answer_id`` is None for out of scope."""

    id: str
    utterance: str
    folded: str
    language: str
    answer_id: str | None
    source: LabelSource
    weight: float
    given_by: str
    exchange_id: str | None
    created_at: datetime


async def eligible_labels(session: AsyncSession) -> list[EligibleLabel]:
    """By id. Of several on one utterance the newest of the strongest counts; one whose answer is not approved does not."""
    usable = (Answer.state == AnswerState.APPROVED) | Label.out_of_scope
    statement = (
        select(Label)
        .outerjoin(Answer, Answer.id == Label.answer_id)
        .where(Label.state == LabelState.COUNTED, Label.withdrawn_at.is_(None), usable)
        .order_by(*newest_last())
    )
    labels = (await session.execute(statement)).scalars().all()
    return sorted(_deciding(labels), key=lambda label: label.id)


def _deciding(labels: Sequence[Label]) -> list[EligibleLabel]:
    chosen: dict[str, Label] = {}
    for label in labels:
        known = chosen.get(label.folded)
        if known is None or _rank(label) <= _rank(known):
            chosen[label.folded] = label
    return [_eligible(label) for label in chosen.values()]


def _rank(label: Label) -> int:
    """0 is the strongest; what an operator has accepted ranks by its source all the same."""
    return list(Trust).index(_TRUST[LabelSource(label.source)])


def _eligible(label: Label) -> EligibleLabel:
    source = LabelSource(label.source)
    return EligibleLabel(
        id=label.id,
        utterance=label.utterance,
        folded=label.folded,
        language=label.language,
        answer_id=label.answer_id,
        source=source,
        weight=_TRUST[source].weight,
        given_by=label.given_by,
        exchange_id=label.exchange_id,
        created_at=label.created_at,
    )
