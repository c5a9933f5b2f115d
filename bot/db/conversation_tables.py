"""What was said: conversations, messages, exchanges with their evidence, feedback, ratings, signals, handoffs."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, UniqueConstraint, func, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from bot.db.base import Base, Id, Json, JsonObject, UtcDateTime, now

CHATWOOT = "chatwoot"
"""The channel in which agents of another program answer: the bot is silent there from the moment it hands over."""


class Conversation(Base):
    """A visitor's thread. ``last_position`` numbers its messages; the database counts, not a process."""

    __tablename__ = "conversations"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"))
    visitor_id: Mapped[str | None] = mapped_column(ForeignKey("visitors.id"), index=True)
    api_key_id: Mapped[str | None] = mapped_column(ForeignKey("api_keys.id"))
    channel: Mapped[str] = mapped_column(String(16))
    language: Mapped[str | None] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    details: Mapped[JsonObject] = mapped_column("metadata", Json)
    last_position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)


class Message(Base):
    __tablename__ = "messages"
    __table_args__ = (UniqueConstraint("conversation_id", "position"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    position: Mapped[int]
    role: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    exchange_id: Mapped[str | None] = mapped_column(ForeignKey("exchanges.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Exchange(Base):
    """One utterance and the bot's reply with everything that led to it. Written once, never rewritten."""

    __tablename__ = "exchanges"
    __table_args__ = (Index(None, "outcome", "created_at", "id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    utterance: Mapped[str] = mapped_column(Text)
    in_context: Mapped[str | None] = mapped_column(Text)
    """The utterance behind the messages that it was understood with; None where it was searched as it is."""
    language: Mapped[str] = mapped_column(String(16))
    outcome: Mapped[str] = mapped_column(String(16))
    rule: Mapped[str] = mapped_column(String(64))
    confidence: Mapped[float]
    intent: Mapped[str | None] = mapped_column(String(200))
    reply: Mapped[JsonObject] = mapped_column(Json)
    choices: Mapped[list[JsonObject]] = mapped_column(Json)
    suggestions: Mapped[list[str]] = mapped_column(Json)
    candidates: Mapped[list[JsonObject]] = mapped_column(Json)
    evidence: Mapped[JsonObject] = mapped_column(Json)
    latency_ms: Mapped[JsonObject] = mapped_column(Json)
    release_id: Mapped[str | None] = mapped_column(ForeignKey("releases.id"))
    checkpoint_id: Mapped[str | None] = mapped_column(ForeignKey("checkpoints.id"))
    snapshot_id: Mapped[str | None] = mapped_column(ForeignKey("index_snapshots.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)

    @hybrid_property
    def question(self) -> str:
        """What was asked, in words that need no conversation: what labels, review and gaps are about."""
        return self.in_context or self.utterance

    @question.inplace.expression
    @classmethod
    def _question(cls) -> ColumnElement[str]:
        return func.coalesce(cls.in_context, cls.utterance)


class Feedback(Base):
    """What somebody thought of a reply; of each person's rows on an exchange the newest one not withdrawn counts.

    ``address_block`` is a keyed hash of the network they came from (``bot.access.address_blocks``), not an address.
    """

    __tablename__ = "feedback"
    __table_args__ = (Index(None, "exchange_id", "given_by", "id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    exchange_id: Mapped[str] = mapped_column(ForeignKey("exchanges.id", ondelete="CASCADE"), index=True)
    given_by: Mapped[str] = mapped_column(String(64))
    rating: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str | None] = mapped_column(String(32))
    comment: Mapped[str | None] = mapped_column(Text)
    address_block: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ConversationRating(Base):
    """How content somebody was with a whole conversation, 1 to 5 stars; the last word counts."""

    __tablename__ = "conversation_ratings"

    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    stars: Mapped[int]
    comment: Mapped[str | None] = mapped_column(Text)
    given_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class SignalKind(StrEnum):
    """What a visitor did with a reply without saying what they think of it."""

    CHOSE = "chose"
    REPHRASED = "rephrased"
    ASKED_FOR_PERSON = "asked_for_person"
    LEFT = "left"


class Signal(Base):
    """Something a visitor did with a reply: for ranking and statistics only, no model is trained on it.

    ``answer_id`` is the answer concerned: the one that was given, or the one that was chosen.
    """

    __tablename__ = "signals"
    __table_args__ = (UniqueConstraint("exchange_id", "kind"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    exchange_id: Mapped[str] = mapped_column(ForeignKey("exchanges.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(32))
    answer_id: Mapped[str | None] = mapped_column(Id)
    given_by: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)


class TalkState(StrEnum):
    """Who speaks with the visitor: the bot, the bot while a person is asked for, a person, nobody until they write again."""

    BOT = "bot"
    WAITING = "waiting"
    PERSON = "person"
    CLOSED = "closed"


class HandoffState(StrEnum):
    """Of one handoff. A missed one stays open: the bot speaks again, and a person still owes a reply."""

    WAITING = "waiting"
    PERSON = "person"
    MISSED = "missed"
    HANDED_BACK = "handed_back"
    CLOSED = "closed"


class Handoff(Base):
    """A conversation waiting for, or held by, a person; at most one is open per conversation.

    ``asked_again_at`` is when a person was asked for once more after nobody came, ``reminded_at`` when the visitor was last told that it takes longer.
    """

    __tablename__ = "handoffs"
    __table_args__ = (
        Index(
            "uq_handoffs_open",
            "conversation_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(None, "state", "id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    exchange_id: Mapped[str | None] = mapped_column(ForeignKey("exchanges.id", ondelete="CASCADE"))
    reason: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), server_default=HandoffState.WAITING.value)
    taken_by: Mapped[str | None] = mapped_column(String(64))
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    asked_again_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class HandoffContact(Base):
    """Where a visitor wants to be reached when nobody is there: as they wrote it, for the operator's eyes only."""

    __tablename__ = "handoff_contacts"

    handoff_id: Mapped[str] = mapped_column(ForeignKey("handoffs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class OperatorPresence(Base):
    """When somebody who answers customers was last seen at the desk."""

    __tablename__ = "operator_presence"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
