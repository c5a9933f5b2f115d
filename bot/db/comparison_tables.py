"""Releases beside each other: the one that decides unseen, and the two that share the visitors."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from bot.db.base import Base, Id, JsonObject, UtcDateTime, now


class ShadowRun(Base):
    """A release that decides on live traffic unseen. ``running`` is true or null, so that one runs at a time."""

    __tablename__ = "shadow_runs"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    release_id: Mapped[str] = mapped_column(ForeignKey("releases.id"))
    running: Mapped[bool | None] = mapped_column(unique=True)
    started_by: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    ended_by: Mapped[str | None] = mapped_column(String(64))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ShadowDecision(Base):
    """What a shadow would have done in an exchange. Holds no words; ``folded`` is the hash that equal utterances share.

    ``kind`` names how it differs from what was said (`bot.shadowing.comparing`).
    """

    __tablename__ = "shadow_decisions"
    __table_args__ = (Index(None, "release_id", "kind"), Index(None, "release_id", "exchange_id"))

    exchange_id: Mapped[str] = mapped_column(ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True)
    release_id: Mapped[str] = mapped_column(ForeignKey("releases.id"), primary_key=True)
    folded: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(40))
    spoken_answer_id: Mapped[str | None] = mapped_column(Id)
    outcome: Mapped[str] = mapped_column(String(16))
    answer_id: Mapped[str | None] = mapped_column(Id)
    rule: Mapped[str] = mapped_column(String(64))
    confidence: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Experiment(Base):
    """Two releases that share the visitors: ``share`` of them get ``release_b``. One runs at a time.

    Conversations that began before ``begins_at`` stay out: until then every worker loads both releases.
    """

    __tablename__ = "experiments"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    release_a: Mapped[str] = mapped_column(ForeignKey("releases.id"))
    release_b: Mapped[str] = mapped_column(ForeignKey("releases.id"))
    share: Mapped[float]
    running: Mapped[bool | None] = mapped_column(unique=True)
    started_by: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    begins_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_by: Mapped[str | None] = mapped_column(String(64))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_kind: Mapped[str | None] = mapped_column(String(16))
    end_reason: Mapped[str | None] = mapped_column(Text)
    figures: Mapped[JsonObject | None] = mapped_column(
        JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    )
    """What was found when it was looked at last (`bot.experiments.service`), and when that was."""
    figured_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Exposure(Base):
    """An exchange that was answered by an arm of an experiment."""

    __tablename__ = "exposures"

    exchange_id: Mapped[str] = mapped_column(ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True)
    experiment_id: Mapped[str] = mapped_column(ForeignKey("experiments.id"), index=True)
    visitor_id: Mapped[str] = mapped_column(ForeignKey("visitors.id", ondelete="CASCADE"), index=True)
    arm: Mapped[str] = mapped_column(String(1))
    latency_ms: Mapped[float]
    wrong_language: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
