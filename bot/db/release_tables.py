"""What the bot runs on: checkpoints, index snapshots, releases, and the pointer to the promoted one."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from bot.db.base import Base, Id, Json, JsonObject, UtcDateTime, now


class Checkpoint(Base):
    """A folder under the data dir with encoder and calibration; ``digest`` is its manifest's SHA-256."""

    __tablename__ = "checkpoints"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    path: Mapped[str] = mapped_column(String(400))
    digest: Mapped[str] = mapped_column(String(64))
    summary: Mapped[JsonObject] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class IndexSnapshot(Base):
    """A folder with the vectors of all approved knowledge up to ``revision``, made by one checkpoint."""

    __tablename__ = "index_snapshots"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    checkpoint_id: Mapped[str] = mapped_column(ForeignKey("checkpoints.id"))
    path: Mapped[str] = mapped_column(String(400))
    digest: Mapped[str] = mapped_column(String(64))
    revision: Mapped[int] = mapped_column(BigInteger)
    summary: Mapped[JsonObject] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Release(Base):
    """A checkpoint and a snapshot that speak together: the unit of promotion and rollback."""

    __tablename__ = "releases"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    checkpoint_id: Mapped[str] = mapped_column(ForeignKey("checkpoints.id"))
    snapshot_id: Mapped[str] = mapped_column(ForeignKey("index_snapshots.id"))
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    promoted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When one from before it was gone back to; None again once it is promoted anew."""
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Its folders are gone, or about to go (`bot.releases.retention`)."""
    gate: Mapped[JsonObject | None] = mapped_column(
        JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    )
    """The gate's verdict: passed, made_at, report (below the data dir), checks, not_compared (`bot.releases.gating`); old ones lack the last."""
    approved: Mapped[bool | None]
    """What people decided about it (`bot.releases.deciding`); None while nobody has."""
    decision_reason: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ReleasePointer(Base):
    """One row: which release speaks. ``generation`` rises with every promotion."""

    __tablename__ = "release_pointer"

    id: Mapped[int] = mapped_column(primary_key=True)
    release_id: Mapped[str | None] = mapped_column(ForeignKey("releases.id"))
    generation: Mapped[int] = mapped_column(BigInteger)
