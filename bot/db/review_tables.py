"""What waits for a person: utterances put off in the review queue, and gaps in the knowledge with their questions."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.db.base import Base, Id, Json, JsonObject, UtcDateTime, now


class GapState(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    DISMISSED = "dismissed"


class ReviewSkip(Base):
    """An utterance that somebody put off. ``key`` is the SHA-256 of its near-duplicate key."""

    __tablename__ = "review_skips"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    exchange_id: Mapped[str] = mapped_column(ForeignKey("exchanges.id", ondelete="CASCADE"), index=True)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    skipped_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Gap(Base):
    """Questions that are like each other and got no answer.

    Customers' words stand in ``terms`` and ``draft`` only (``{}`` without a draft); what was asked is read from the
    exchanges, its name among them, so that an erased visitor leaves nothing here.
    """

    __tablename__ = "gaps"
    __table_args__ = (Index(None, "state", "messages", "id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(16))
    medoid_exchange_id: Mapped[str | None] = mapped_column(ForeignKey("exchanges.id", ondelete="SET NULL"))
    terms: Mapped[list[str]] = mapped_column(Json)
    messages: Mapped[int]
    draft: Mapped[JsonObject] = mapped_column(Json)
    answer_id: Mapped[str | None] = mapped_column(ForeignKey("answers.id", ondelete="SET NULL"))
    forecast: Mapped[JsonObject] = mapped_column(Json)
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class GapMember(Base):
    """An exchange that belongs to a gap; to one at a time."""

    __tablename__ = "gap_members"

    exchange_id: Mapped[str] = mapped_column(ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True)
    gap_id: Mapped[str] = mapped_column(ForeignKey("gaps.id", ondelete="CASCADE"), index=True)
