"""Threads of other programs: which conversation somebody there talks in."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.db.base import Base, Id, UtcDateTime, now


class ChannelThread(Base):
    """``owner`` is the API key or account that the program speaks for; of what it calls the sender the SHA-256 is kept."""

    __tablename__ = "channel_threads"

    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    owner: Mapped[str] = mapped_column(Id, primary_key=True)
    sender_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
