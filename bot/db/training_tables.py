"""Training runs: what was asked for, how far it is, what became of it; and the lease that lets one train at a time."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.db.base import Base, Id, Json, JsonObject, UtcDateTime, now


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    GATING = "gating"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RunTrigger(StrEnum):
    MANUAL = "manual"
    SCHEDULE = "schedule"
    LABELS = "labels"
    ALARM = "alarm"


class TrainingRun(Base):
    """One training, from the wish to its outcome. ``slot`` is 1 until it has ended, so that there is one at a time.

    ``checkpoint_id`` and ``snapshot_id`` name the folders that the present attempt makes; they refer to rows only once
    the run is done. ``leftovers`` are those of earlier attempts, to be taken away.
    """

    __tablename__ = "training_runs"
    __table_args__ = (UniqueConstraint("slot"), Index(None, "state", "id"))

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    trigger: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    requested_by: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    slot: Mapped[int | None]
    options: Mapped[JsonObject] = mapped_column(Json)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)
    progress: Mapped[JsonObject] = mapped_column(Json, default=dict)
    revision: Mapped[int | None] = mapped_column(BigInteger)
    newest_label: Mapped[str | None] = mapped_column(Id)
    checkpoint_id: Mapped[str | None] = mapped_column(Id)
    snapshot_id: Mapped[str | None] = mapped_column(Id)
    leftovers: Mapped[list[str]] = mapped_column(Json, default=list)
    release_id: Mapped[str | None] = mapped_column(ForeignKey("releases.id"))
    log_path: Mapped[str] = mapped_column(String(400))
    report_path: Mapped[str | None] = mapped_column(String(400))
    verdict: Mapped[JsonObject] = mapped_column(Json, default=dict)
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    heartbeat_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TrainingLease(Base):
    """One row: who trains, until when. ``token`` rises with every holder and is never given twice."""

    __tablename__ = "training_lease"

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[int] = mapped_column(BigInteger)
    holder: Mapped[str | None] = mapped_column(String(200))
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
