"""What the bot may say: answers, their texts and versions, the questions that lead to them, labels."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column

from bot.db.base import Base, Id, Json, JsonObject, UtcDateTime, now
from retrieval.label_sources import LabelSource as LabelSource

VectorNumber = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite makes only a plain INTEGER key count up by itself."""


class AnswerState(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    RETIRED = "retired"


class LabelState(StrEnum):
    """``candidate`` waits for a person (or for others who say the same); only ``counted`` teaches anything.

    ``audit`` says of a reply that it was right when it was given, though its answer may not be given any more.
    """

    CANDIDATE = "candidate"
    AUDIT = "audit"
    COUNTED = "counted"
    REJECTED = "rejected"


class Verdict(StrEnum):
    """What a label says of the reply that it was given to."""

    RIGHT = "right"
    OTHER_ANSWER = "other_answer"
    NEW_ANSWER = "new_answer"
    OUT_OF_SCOPE = "out_of_scope"


class KnowledgeState(Base):
    """One row. Every transaction that changes knowledge raises ``revision`` first.

    The row lock this takes puts such transactions in one order, so a worker that has read all rows up to a
    revision can never miss one that commits later with a smaller number.
    """

    __tablename__ = "knowledge_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)


class Answer(Base):
    """An approved (or to be approved) answer; its words are in ``answer_texts``, one row a language."""

    __tablename__ = "answers"
    __table_args__ = (Index(None, "answer_key"), Index(None, "batch_id"), Index(None, "state", "id"))

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    answer_key: Mapped[str | None] = mapped_column(String(200))
    intent: Mapped[str | None] = mapped_column(String(200))
    tags: Mapped[list[str]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(default=1)
    valid_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    batch_id: Mapped[str | None] = mapped_column(ForeignKey("import_batches.id"))
    revision: Mapped[int] = mapped_column(BigInteger, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class AnswerText(Base):
    """The words of an answer in one language. ``number`` is its id in the passage index.

    A language that is taken out again rests (``active`` is false): a row that vanished would stay in the indexes.
    """

    __tablename__ = "answer_texts"
    __table_args__ = (UniqueConstraint("answer_id", "language"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(VectorNumber, primary_key=True, autoincrement=True)
    answer_id: Mapped[str] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    text_hash: Mapped[str] = mapped_column(String(64), index=True)
    active: Mapped[bool] = mapped_column(default=True, server_default=true())
    revision: Mapped[int] = mapped_column(BigInteger, index=True)


class AnswerVersion(Base):
    """How an answer stood at one version, for history and for explaining old replies."""

    __tablename__ = "answer_versions"

    answer_id: Mapped[str] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[JsonObject] = mapped_column(Json)
    changed_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class AnswerSource(Base):
    """A turn of a past dialogue that a mined answer or question was taken from."""

    __tablename__ = "answer_sources"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    answer_id: Mapped[str] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"), index=True)
    conversation_id: Mapped[str] = mapped_column(String(200))
    turn: Mapped[int]
    role: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)


class Question(Base):
    """A phrasing that leads to an answer. ``number`` is its id in the question index, never given twice."""

    __tablename__ = "questions"
    __table_args__ = (Index(None, "answer_id", "folded"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(VectorNumber, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(Id, unique=True)
    answer_id: Mapped[str] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(String(64), index=True)
    """SHA-256 of ``retrieval.normalize.fold``: equal for spellings that only differ in form."""
    language: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(32))
    active: Mapped[bool] = mapped_column(default=True)
    displaced_by: Mapped[str | None] = mapped_column(Id, index=True)
    """The label that switched it off, so that it comes back when that label is withdrawn."""
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Switched off because the label that made it was withdrawn."""
    batch_id: Mapped[str | None] = mapped_column(ForeignKey("import_batches.id"), index=True)
    label_id: Mapped[str | None] = mapped_column(ForeignKey("labels.id"))
    conversation_id: Mapped[str | None] = mapped_column(String(200))
    """The past dialogue it was mined from, so that splits can keep conversations together."""
    revision: Mapped[int] = mapped_column(BigInteger, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Label(Base):
    """Utterance → answer, or → out-of-scope, with who said so.

    A candidate from an agent's reply has no answer yet but ``draft_text``. A withdrawn label counts for nothing.
    """

    __tablename__ = "labels"
    __table_args__ = (Index(None, "source", "state"), Index(None, "folded", "answer_id", "state"))

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    utterance: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(16))
    answer_id: Mapped[str | None] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"))
    out_of_scope: Mapped[bool]
    source: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(
        String(16), default=LabelState.COUNTED, server_default=LabelState.COUNTED
    )
    verdict: Mapped[str | None] = mapped_column(String(16))
    draft_text: Mapped[str | None] = mapped_column(Text)
    made_answer: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Its answer was written for it, and goes with it when it is withdrawn."""
    given_by: Mapped[str] = mapped_column(String(64))
    address_block: Mapped[str | None] = mapped_column(String(64))
    exchange_id: Mapped[str | None] = mapped_column(ForeignKey("exchanges.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    decided_by: Mapped[str | None] = mapped_column(String(64))
    """Who accepted or rejected a candidate."""
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
