"""How well the bot does on its traffic: exchanges drawn by lot for a person to judge, and alarms."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.db.base import Base, Id, Json, UtcDateTime, now
from bot.db.knowledge_tables import VectorNumber


class AuditDraw(Base):
    """An exchange drawn by lot. ``population`` is among how many: it was drawn with a probability of one in so many.

    ``number`` is the order of the draws. What a person says of it is a label on its utterance.
    """

    __tablename__ = "audit_draws"
    __table_args__ = (Index(None, "release_id", "number"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(VectorNumber, primary_key=True, autoincrement=True)
    exchange_id: Mapped[str] = mapped_column(ForeignKey("exchanges.id", ondelete="CASCADE"), unique=True)
    release_id: Mapped[str] = mapped_column(ForeignKey("releases.id"))
    population: Mapped[int]
    drawn_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class QualityAlarm(Base):
    """A release does not keep what it promised; ``reasons`` by kind, in words that quote nobody."""

    __tablename__ = "quality_alarms"
    __table_args__ = (Index(None, "release_id", "raised_at"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    release_id: Mapped[str] = mapped_column(ForeignKey("releases.id"))
    reasons: Mapped[dict[str, str]] = mapped_column(Json)
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ToleratedError(Base):
    """Share of given answers that may be wrong in a language, as somebody chose; null, like no row: KEFU_TOLERATED_ERROR."""

    __tablename__ = "tolerated_errors"

    language: Mapped[str] = mapped_column(String(16), primary_key=True)
    share: Mapped[float | None]
    set_by: Mapped[str] = mapped_column(String(64))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
