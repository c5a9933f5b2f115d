"""Queries of the inbox: what was said, notes, and what became of suggestions."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, Row, delete, insert, select

from bot.db.access_tables import AuditEntry
from bot.db.base import JsonObject, new_id
from bot.db.conversation_tables import ConversationRating, Message
from bot.db.inbox_tables import ConversationNote, SuggestionUse

MessageRow: TypeAlias = Row[str, int, str, str, str | None, datetime]
"""id, position, role, text, exchange_id, created_at"""
NoteRow: TypeAlias = Row[str, str, str, datetime]
"""id, text, written_by, created_at"""
RatingRow: TypeAlias = Row[int, str | None]
"""stars, comment"""

_MESSAGE = select(
    Message.id, Message.position, Message.role, Message.text, Message.exchange_id, Message.created_at
)
_NOTE = select(
    ConversationNote.id, ConversationNote.text, ConversationNote.written_by, ConversationNote.created_at
)


def last_messages(connection: Connection, conversation_id: str, *, limit: int) -> list[MessageRow]:
    """The newest ones, the oldest of them first."""
    statement = _MESSAGE.where(Message.conversation_id == conversation_id)
    rows = connection.execute(statement.order_by(Message.position.desc()).limit(limit)).all()
    return list(reversed(rows))


def messages_after(
    connection: Connection, conversation_id: str, *, position: int, limit: int
) -> Sequence[MessageRow]:
    later = (Message.conversation_id == conversation_id, Message.position > position)
    return connection.execute(_MESSAGE.where(*later).order_by(Message.position).limit(limit)).all()


def last_of_customer(connection: Connection, conversation_id: str) -> MessageRow | None:
    theirs = (Message.conversation_id == conversation_id, Message.role == "customer")
    statement = _MESSAGE.where(*theirs).order_by(Message.position.desc()).limit(1)
    return connection.execute(statement).one_or_none()


def notes_on(connection: Connection, conversation_id: str, *, limit: int) -> Sequence[NoteRow]:
    """The newest first."""
    statement = _NOTE.where(ConversationNote.conversation_id == conversation_id)
    return connection.execute(statement.order_by(ConversationNote.id.desc()).limit(limit)).all()


def add_note(connection: Connection, row: JsonObject) -> None:
    connection.execute(insert(ConversationNote), row)


def rating_of(connection: Connection, conversation_id: str) -> RatingRow | None:
    statement = select(ConversationRating.stars, ConversationRating.comment)
    rated = ConversationRating.conversation_id == conversation_id
    return connection.execute(statement.where(rated)).one_or_none()


def rejected_for(connection: Connection, message_id: str) -> set[str]:
    """Answers that were put aside for a message."""
    statement = select(SuggestionUse.answer_id).where(
        SuggestionUse.message_id == message_id, SuggestionUse.use == "rejected"
    )
    return set(connection.execute(statement).scalars())


def put_use(connection: Connection, row: JsonObject) -> None:
    """In the place of what was done before with the same suggestion."""
    same = (SuggestionUse.message_id == row["message_id"], SuggestionUse.answer_id == row["answer_id"])
    connection.execute(delete(SuggestionUse).where(*same))
    connection.execute(insert(SuggestionUse), row)


def add_audit(connection: Connection, *, actor: str, action: str, target: str, details: JsonObject) -> None:
    row = {"id": new_id("aud"), "actor": actor, "action": action, "target": target, "details": details}
    connection.execute(insert(AuditEntry), row)
