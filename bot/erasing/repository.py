"""Queries that find and delete what belongs to one visitor."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.access_tables import IdempotencyKey, Visitor
from bot.db.comparison_tables import Experiment, Exposure
from bot.db.conversation_tables import (
    Conversation,
    ConversationRating,
    Exchange,
    Feedback,
    Handoff,
    HandoffContact,
    Message,
    Signal,
)
from bot.db.inbox_tables import ConversationNote, SuggestionUse
from bot.db.knowledge_tables import Label, LabelState, Question
from bot.db.release_tables import IndexSnapshot
from bot.db.review_tables import Gap, GapMember, GapState, ReviewSkip
from bot.db.webhook_tables import WebhookEvent

ERASED = "visitor:erased"
SLICE = 500
_OWN_IDS = re.compile(r"(?:vis|cnv|exc)_[0-9a-f]{32}")


@dataclass(frozen=True)
class Subject:
    """Whose traces: a visitor with all their conversations, or one conversation alone."""

    visitor_id: str | None
    conversation_id: str | None

    @property
    def principal(self) -> str:
        return f"visitor:{self.visitor_id}"

    @property
    def conversations(self) -> Select[str]:
        """Ids, as a subquery: a visitor may have more of them than a statement takes parameters."""
        owned: ColumnElement[bool] = Conversation.id == self.conversation_id
        if self.visitor_id is not None:
            owned = Conversation.visitor_id == self.visitor_id
        return select(Conversation.id).where(owned)

    @property
    def exchanges(self) -> Select[str]:
        return select(Exchange.id).where(Exchange.conversation_id.in_(self.conversations))

    @property
    def labels(self) -> Select[str]:
        given = Label.exchange_id.in_(self.exchanges)
        return select(Label.id).where(
            or_(given, Label.given_by == self.principal) if self.visitor_id else given
        )

    @property
    def idle_labels(self) -> Select[str]:
        """Those that count for nothing: candidates nobody accepted, and rejected ones."""
        return self.labels.where(Label.state != LabelState.COUNTED)

    @property
    def signals(self) -> ColumnElement[bool]:
        shown = Signal.exchange_id.in_(self.exchanges)
        return or_(shown, Signal.given_by == self.principal) if self.visitor_id else shown

    @property
    def feedback(self) -> ColumnElement[bool]:
        given = Feedback.exchange_id.in_(self.exchanges)
        return or_(given, Feedback.given_by == self.principal) if self.visitor_id else given


async def lock(session: AsyncSession, subject: Subject) -> None:
    """Lets messages under way end first and those to come find nothing; SQLite has one writer anyway."""
    visitor = select(Visitor.id).where(Visitor.id == subject.visitor_id)
    talk = select(Conversation.id).where(Conversation.id.in_(subject.conversations))
    await session.execute(visitor.with_for_update())
    await session.execute(talk.order_by(Conversation.id).with_for_update())


def ratings_of(subject: Subject) -> Select[str]:
    return select(ConversationRating.conversation_id).where(
        ConversationRating.conversation_id.in_(subject.conversations)
    )


async def utterances(session: AsyncSession, subject: Subject) -> set[str]:
    said = select(Exchange.utterance, Exchange.question).where(
        Exchange.conversation_id.in_(subject.conversations)
    )
    return {text for row in await session.execute(said) for text in row}


async def visitor(session: AsyncSession, visitor_id: str) -> Visitor | None:
    return await session.get(Visitor, visitor_id)


async def conversation(session: AsyncSession, conversation_id: str) -> Conversation | None:
    return await session.get(Conversation, conversation_id)


async def ids_of(session: AsyncSession, statement: Select[str]) -> list[str]:
    return list((await session.execute(statement)).scalars())


async def count(session: AsyncSession, statement: Select[Any]) -> int:
    return (await session.execute(select(func.count()).select_from(statement.subquery()))).scalar_one()


async def count_feedback(session: AsyncSession, subject: Subject) -> int:
    return await count(session, select(Feedback.id).where(subject.feedback))


async def count_signals(session: AsyncSession, subject: Subject) -> int:
    return await count(session, select(Signal.id).where(subject.signals))


def messages_of(subject: Subject) -> Select[str]:
    return select(Message.id).where(Message.conversation_id.in_(subject.conversations))


def handoffs_of(subject: Subject) -> Select[str]:
    return select(Handoff.id).where(Handoff.conversation_id.in_(subject.conversations))


def contacts_of(subject: Subject) -> Select[str]:
    return select(HandoffContact.handoff_id).where(HandoffContact.handoff_id.in_(handoffs_of(subject)))


def notes_of(subject: Subject) -> Select[str]:
    return select(ConversationNote.id).where(ConversationNote.conversation_id.in_(subject.conversations))


async def taught_questions(session: AsyncSession, subject: Subject) -> Sequence[Question]:
    """Questions in the knowledge that a label made of the visitor's words, except those erased before."""
    taught = select(Question).where(Question.label_id.in_(subject.labels)).order_by(Question.number)
    return (await session.execute(taught)).scalars().all()


async def first_seen(session: AsyncSession, subject: Subject) -> datetime | None:
    first = select(func.min(Conversation.created_at)).where(Conversation.id.in_(subject.conversations))
    return (await session.execute(first)).scalar_one()


async def stored_replies(session: AsyncSession, subject: Subject, own_ids: set[str]) -> list[tuple[str, str]]:
    """Keys of idempotency rows that the visitor's requests made, or whose reply names what is theirs.

    Replies to integrators' requests carry such ids too, each kind in a place of its own; so all replies of the
    last days are looked through as text, once.
    """
    found = []
    columns = select(IdempotencyKey.principal, IdempotencyKey.key, cast(IdempotencyKey.response, Text))
    async for principal, key, reply in await session.stream(columns):
        mine = subject.visitor_id is not None and principal == subject.principal
        if mine or not own_ids.isdisjoint(_OWN_IDS.findall(reply)):
            found.append((principal, key))
    return found


async def delete_stored_replies(session: AsyncSession, keys: Sequence[tuple[str, str]]) -> None:
    for start in range(0, len(keys), SLICE):
        named = tuple_(IdempotencyKey.principal, IdempotencyKey.key).in_(keys[start : start + SLICE])
        await _run(session, delete(IdempotencyKey).where(named))


async def delete_talk(session: AsyncSession, subject: Subject) -> None:
    """What they said and what was written about it, the conversations and the visitor, children first."""
    await _leave_gaps(session, subject)
    await _run(session, delete(ReviewSkip).where(ReviewSkip.exchange_id.in_(subject.exchanges)))
    await _run(session, delete(Feedback).where(subject.feedback))
    await _run(session, delete(Signal).where(subject.signals))
    told = WebhookEvent.conversation_id.in_(subject.conversations)
    await _run(session, delete(WebhookEvent).where(told))
    rated = ConversationRating.conversation_id.in_(subject.conversations)
    await _run(session, delete(ConversationRating).where(rated))
    for about in (ConversationNote, SuggestionUse):
        await _run(session, delete(about).where(about.conversation_id.in_(subject.conversations)))
    await _run(session, delete(Message).where(Message.conversation_id.in_(subject.conversations)))
    await _run(session, delete(HandoffContact).where(HandoffContact.handoff_id.in_(handoffs_of(subject))))
    await _run(session, delete(Handoff).where(Handoff.conversation_id.in_(subject.conversations)))
    shown_in = select(Exposure.experiment_id).where(Exposure.exchange_id.in_(subject.exchanges))
    anew = update(Experiment).where(Experiment.id.in_(shown_in)).values(figures=None, figured_at=None)
    await _run(session, anew)
    await _run(session, delete(Exchange).where(Exchange.conversation_id.in_(subject.conversations)))
    await _run(session, delete(Conversation).where(Conversation.id.in_(subject.conversations)))
    if subject.visitor_id is not None:
        visitor = or_(Visitor.id == subject.visitor_id, Visitor.merged_into == subject.visitor_id)
        await _run(session, delete(Visitor).where(visitor))


async def _leave_gaps(session: AsyncSession, subject: Subject) -> None:
    """Their questions leave the gaps; what was made of them there (terms, a draft) is found anew from the others'."""
    mine = GapMember.exchange_id.in_(subject.exchanges)
    concerned = await ids_of(session, select(GapMember.gap_id).where(mine).distinct())
    await _run(session, delete(GapMember).where(mine))
    for start in range(0, len(concerned), SLICE):
        part = Gap.id.in_(concerned[start : start + SLICE])
        left = select(func.count()).where(GapMember.gap_id == Gap.id).correlate(Gap).scalar_subquery()
        blank: dict[str, Any] = {"terms": [], "draft": {}, "medoid_exchange_id": None, "messages": left}
        await _run(session, update(Gap).where(part).values(**blank))
        await _run(session, delete(Gap).where(part, Gap.state == GapState.OPEN, Gap.messages == 0))


async def unlink_labels(session: AsyncSession, subject: Subject) -> None:
    """The labels stay as knowledge; nothing in them leads to the visitor any more."""
    labels = Label.id.in_(await ids_of(session, subject.labels))
    by_visitor = Label.given_by.startswith("visitor:", autoescape=True)
    await _run(session, update(Label).where(labels, by_visitor).values(given_by=ERASED))
    unlinked = {"exchange_id": None, "draft_text": None, "address_block": None}
    await _run(session, update(Label).where(labels).values(**unlinked))


async def empty_questions(session: AsyncSession, numbers: Sequence[int], *, revision: int) -> None:
    """Takes the words out of questions and switches them off.

    The rows stay without them: by a row that is there every worker learns that its index has to forget one, and
    numbers are never given again.
    """
    blank = {"text": "", "folded": "", "active": False, "label_id": None, "revision": revision}
    await _run(session, update(Question).where(Question.number.in_(numbers)).values(**blank))


async def delete_labels(session: AsyncSession, ids: Sequence[str]) -> None:
    await _run(session, delete(Label).where(Label.id.in_(ids)))


async def snapshots_since(session: AsyncSession, moment: datetime) -> list[str]:
    newer = select(IndexSnapshot.path).where(IndexSnapshot.created_at >= moment).order_by(IndexSnapshot.id)
    return list((await session.execute(newer)).scalars())


async def _run(session: AsyncSession, statement: Any) -> None:
    await session.execute(statement.execution_options(synchronize_session=False))
