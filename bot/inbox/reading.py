"""What an operator sees of a conversation: the handoff, what was said, notes, and what a suggestion is to answer."""

from dataclasses import dataclass

from sqlalchemy import Connection

from bot.handoffs.briefing import find_handoff
from bot.handoffs.schemas import OperatorHandoff
from bot.inbox import repository
from bot.inbox.repository import MessageRow, NoteRow, RatingRow
from bot.settings import HandoffSettings

MESSAGES, NOTES = 200, 50


@dataclass(frozen=True)
class Talk:
    """A handoff with the last that was said and noted in its conversation, and the stars that the visitor gave."""

    handoff: OperatorHandoff
    messages: list[MessageRow]
    notes: list[NoteRow]
    rating: RatingRow | None = None


@dataclass(frozen=True)
class Asked:
    """The customer's last message, and the answers that an operator has put aside for it."""

    text: str
    rejected: set[str]


def talk_of(connection: Connection, handoff_id: str, settings: HandoffSettings) -> Talk:
    """Raises NotFoundError."""
    handoff = find_handoff(connection, handoff_id, settings)
    return Talk(
        handoff,
        repository.last_messages(connection, handoff.conversation_id, limit=MESSAGES),
        list(repository.notes_on(connection, handoff.conversation_id, limit=NOTES)),
        repository.rating_of(connection, handoff.conversation_id),
    )


def said_since(connection: Connection, handoff_id: str, settings: HandoffSettings, *, position: int) -> Talk:
    """Without notes and rating. Raises NotFoundError."""
    handoff = find_handoff(connection, handoff_id, settings)
    later = repository.messages_after(connection, handoff.conversation_id, position=position, limit=MESSAGES)
    return Talk(handoff, list(later), [])


def asked_last(connection: Connection, conversation_id: str) -> Asked | None:
    """None where the customer has said nothing."""
    message = repository.last_of_customer(connection, conversation_id)
    if message is None:
        return None
    return Asked(message.text, repository.rejected_for(connection, message.id))
