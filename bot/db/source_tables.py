"""What answers may be composed from: documents, how they stood, and the sections they are split into."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.db.base import Base, Id, Json, JsonObject, UtcDateTime, now
from bot.db.knowledge_tables import VectorNumber


class Document(Base):
    """A help page or file, known again by ``key`` (its path or address).

    ``version`` is the one that stands; a change that nobody approved yet waits as version ``pending``. States are those of answers.
    """

    __tablename__ = "documents"
    __table_args__ = (Index(None, "batch_id"), Index(None, "state", "id"))

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(400), unique=True)
    title: Mapped[str] = mapped_column(String(400))
    url: Mapped[str | None] = mapped_column(String(2000))
    language: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[int]
    pending: Mapped[int | None]
    valid_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    content_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 of what its file said, as it is stored: title, address, dates, headings and texts."""
    batch_id: Mapped[str | None] = mapped_column(ForeignKey("import_batches.id"))
    revision: Mapped[int] = mapped_column(BigInteger, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class DocumentVersion(Base):
    """How a document stood at one version, with its sections' ids in reading order."""

    __tablename__ = "document_versions"

    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[JsonObject] = mapped_column(Json)
    changed_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class SourceSection(Base):
    """A part of a document. Heading and text of a row never change, so a version can name it for ever.

    ``number`` is its id in the index of sections, never given twice. ``active`` are the sections of the version that stands.
    """

    __tablename__ = "sections"
    __table_args__ = (UniqueConstraint("document_id", "content_hash"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(VectorNumber, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(Id, unique=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    position: Mapped[int]
    heading: Mapped[list[str]] = mapped_column(Json)
    """The path of headings, without the document's title."""
    text: Mapped[str] = mapped_column(Text)
    content_hash: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(16))
    active: Mapped[bool]
    revision: Mapped[int] = mapped_column(BigInteger, index=True)


def heading_line(title: str, heading: Sequence[str]) -> str:
    """Where a section stands, the document's title first."""
    return " › ".join([title, *heading])
