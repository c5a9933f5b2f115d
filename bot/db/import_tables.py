"""What was brought in: batches and the past dialogues they carried."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.db.base import Base, Id, Json, JsonObject, UtcDateTime, now


class ImportBatch(Base):
    """One accepted file; its rows carry its id and can be taken out again together."""

    __tablename__ = "import_batches"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    filename: Mapped[str] = mapped_column(String(400))
    file_hash: Mapped[str] = mapped_column(String(64))
    format: Mapped[str] = mapped_column(String(32))
    approved: Mapped[bool]
    imported_by: Mapped[str] = mapped_column(String(64))
    report: Mapped[JsonObject] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Dialogue(Base):
    """A past conversation as imported, masked. Known again by its id and the hash of its turns."""

    __tablename__ = "dialogues"
    __table_args__ = (UniqueConstraint("conversation_id", "content_hash"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(200))
    content_hash: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(16))
    turns: Mapped[list[JsonObject]] = mapped_column(Json)
    batch_id: Mapped[str] = mapped_column(ForeignKey("import_batches.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
