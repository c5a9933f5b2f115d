"""Who may talk to Kefu: sites, visitors, API keys; and what was done by whom."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.db.base import Base, Id, Json, JsonObject, UtcDateTime, now

DEFAULT_SITE_ID, DEFAULT_SITE_KEY = "ste_default", "default"


class Site(Base):
    """A website or app that Kefu serves, named by a public key.

    Its pages may call from ``origins``, or from anywhere where it lists none. Greeting and suggestions are by language; what
    is missing there is what the bot says by itself. ``identity_secret`` signs who a visitor is: it stays readable, since
    checking a signature needs it (docs/decisions/0023).
    """

    __tablename__ = "sites"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    public_key: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    origins: Mapped[list[str]] = mapped_column(Json, default=list)
    languages: Mapped[list[str]] = mapped_column(Json, default=list)
    greeting: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    suggestions: Mapped[dict[str, list[str]]] = mapped_column(Json, default=dict)
    consent_needed: Mapped[bool] = mapped_column(default=False)
    identity_secret: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Visitor(Base):
    """Somebody in front of a site; known only by a secret token, of which the SHA-256 is kept.

    ``subject_hash`` is there once the site has signed who they are (`bot.visitors.identity`). A visitor who turned out to be
    another one stays as an empty row with no token that works, and says in ``merged_into`` who they are.
    """

    __tablename__ = "visitors"
    __table_args__ = (Index("uq_visitors_site_id_subject_hash", "site_id", "subject_hash", unique=True),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    subject_hash: Mapped[str | None] = mapped_column(String(64))
    merged_into: Mapped[str | None] = mapped_column(Id, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class VisitorToken(Base):
    """A further token of a visitor who is known by a signed identity: they have one on each device."""

    __tablename__ = "visitor_tokens"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    visitor_id: Mapped[str] = mapped_column(ForeignKey("visitors.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class UsedNonce(Base):
    """A signed identity that was used, by the SHA-256 of its nonce; forgotten once it has expired."""

    __tablename__ = "used_nonces"

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True)
    nonce_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class ApiKey(Base):
    """A key; scope is read, write, operator or admin, each holding the ones before it."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    scope: Mapped[str] = mapped_column(String(16))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class IdempotencyKey(Base):
    """The stored reply to a request, replayed when the same key comes again.

    ``principal`` is who sent it (``visitor:…``, ``key:…``, or ``address:…`` without a token), so nobody can read another's
    reply by guessing. The key of an address is a secret, stored as its SHA-256; no reply holds a token.
    """

    __tablename__ = "idempotency_keys"

    principal: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    response: Mapped[JsonObject] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)


class AuditEntry(Base):
    """One change made by a person or a key."""

    __tablename__ = "audit_log"
    __table_args__ = (Index(None, "target"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(64))
    details: Mapped[JsonObject] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
