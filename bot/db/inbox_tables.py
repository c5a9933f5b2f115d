"""What operators keep about conversations: private notes, and what became of the answers that were suggested to them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.db.base import Base, Id, UtcDateTime, now


class ConversationNote(Base):
    """Between operators; visitors never see it, and it goes with the conversation."""

    __tablename__ = "conversation_notes"
    __table_args__ = (Index(None, "conversation_id", "id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(Text)
    written_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Use(StrEnum):
    """What an operator did with an approved answer that was suggested: sent it as it is, sent it changed, or put it aside."""

    ACCEPTED = "accepted"
    EDITED = "edited"
    REJECTED = "rejected"


class SuggestionUse(Base):
    """``message_id`` is the customer's message that the answer was suggested for; ``place`` counts from 1."""

    __tablename__ = "suggestion_uses"
    __table_args__ = (UniqueConstraint("message_id", "answer_id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    answer_id: Mapped[str] = mapped_column(Id)
    place: Mapped[int]
    use: Mapped[str] = mapped_column(String(16))
    used_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
