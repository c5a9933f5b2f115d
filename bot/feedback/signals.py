"""What visitors do right after a reply: choose, say it in other words, ask for a person, leave.

None of it says why, and a rival or a joker can do it, too: signals rank the review queue and count in statistics; no model
is trained on them. They are kept in the transaction of the message that shows them; leaving shows by what does not come,
so it is looked for later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.answering.given_answers import GAVE_ANSWER, given_answer
from bot.conversations.repository import AskedRow
from bot.db.base import new_id, now
from bot.db.conversation_tables import Conversation, Exchange, Signal, SignalKind
from bot.db.engine import Database
from bot.knowledge.likeness import likeness
from retrieval.normalize import fold

RIGHT_AFTER = timedelta(minutes=5)
"""So soon after a reply, what a visitor does is taken for their answer to it."""
LEFT_AFTER = timedelta(minutes=30)
"""So long without a word, and the visitor has left: the usual end of a session in web statistics."""
LOOKED_BACK = timedelta(days=2)
ALIKE = 0.3
"""Dice of character n-grams. Of the demo company's questions 0.3 % of those on different answers reach it, of the Chinese
ones none; the few on one answer that do are those in nearly the same words."""

_SIGNAL = insert(Signal)


@dataclass(frozen=True)
class Replied:
    """The exchange before: what was asked, what was given."""

    exchange_id: str
    utterance: str
    answer_id: str | None
    at: datetime

    @classmethod
    def by(cls, asked: AskedRow) -> "Replied":
        return cls(asked.id, asked.utterance, given_answer(asked.outcome, asked.reply), asked.created_at)


def signal_after(
    before: Replied, utterance: str, *, wants_person: bool, best_now: str | None, at: datetime
) -> SignalKind | None:
    """What an utterance says about the answer before it; ``best_now`` is the best answer to the utterance itself."""
    if before.answer_id is None or at - before.at > RIGHT_AFTER:
        return None
    if wants_person:
        return SignalKind.ASKED_FOR_PERSON
    said, asked = fold(utterance), fold(before.utterance)
    if said == asked:
        return None
    return SignalKind.REPHRASED if best_now == before.answer_id or likeness(said, asked) >= ALIKE else None


def keep_signal(
    connection: Connection,
    before: Replied,
    kind: SignalKind,
    *,
    given_by: str | None,
    answer_id: str | None = None,
) -> None:
    """Once an exchange and kind; the caller holds the conversation, so nobody else adds one meanwhile."""
    known = select(Signal.id).where(Signal.exchange_id == before.exchange_id, Signal.kind == kind)
    if connection.execute(known).first() is None:
        connection.execute(
            _SIGNAL,
            {
                "id": new_id("sig"),
                "exchange_id": before.exchange_id,
                "kind": kind.value,
                "answer_id": answer_id or before.answer_id,
                "given_by": given_by,
                "created_at": now(),
            },
        )


async def note_departures(database: Database, *, at: datetime | None = None) -> int:
    """Adds a signal to every answer that was the last word in its conversation; returns how many.

    Two workers that look at once may try the same: one of them fails as a whole and looks again the next time.
    """
    async with database.write() as session:
        left = await _departures(session, at or now())
        rows = [
            {
                "id": new_id("sig"),
                "exchange_id": exchange_id,
                "kind": SignalKind.LEFT.value,
                "answer_id": answer_id,
                "given_by": f"visitor:{visitor_id}",
                "created_at": now(),
            }
            for exchange_id, answer_id, visitor_id in left
        ]
        if rows:
            await session.execute(_SIGNAL, rows)
    return len(rows)


async def _departures(session: AsyncSession, at: datetime) -> Sequence[tuple[str, str, str]]:
    """Exchange, answer and visitor; integrators' conversations without a visitor end nowhere."""
    later = aliased(Exchange)
    last = ~exists().where(later.conversation_id == Exchange.conversation_id, later.id > Exchange.id)
    noted = exists().where(
        Signal.exchange_id == Exchange.id, Signal.kind.in_([SignalKind.LEFT, SignalKind.ASKED_FOR_PERSON])
    )
    statement = (
        select(Exchange.id, Exchange.outcome, Exchange.reply, Conversation.visitor_id)
        .join(Conversation, Conversation.id == Exchange.conversation_id)
        .where(Exchange.created_at < at - LEFT_AFTER, Exchange.created_at > at - LOOKED_BACK)
        .where(Exchange.outcome.in_(GAVE_ANSWER), last, ~noted, Conversation.visitor_id.is_not(None))
        .order_by(Exchange.id)
    )
    found = [
        (row.id, given_answer(row.outcome, row.reply), row.visitor_id)
        for row in await session.execute(statement)
    ]
    return [(id, answer_id, visitor_id) for id, answer_id, visitor_id in found if answer_id]
