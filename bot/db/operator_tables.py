"""People who work with the console: their accounts, their sessions, and logins that were tried."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.db.base import Base, Id, UtcDateTime, now


class Operator(Base):
    """An account. ``login`` is the name as it is compared: case-folded. A disabled one stays, since audit rows name it."""

    __tablename__ = "operators"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    login: Mapped[str] = mapped_column(String(200), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(255))
    language: Mapped[str | None] = mapped_column(String(16))
    """What the console speaks; None for what the browser asks for."""
    time_zone: Mapped[str | None] = mapped_column(String(64))
    """IANA name; None for UTC."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OperatorSession(Base):
    """A login; known by a secret token in a cookie, of which the SHA-256 is kept."""

    __tablename__ = "operator_sessions"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    operator_id: Mapped[str] = mapped_column(ForeignKey("operators.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)


class LoginAttempt(Base):
    """A login that was tried and did not succeed (yet); both columns are SHA-256, since names are mistyped passwords now and then."""

    __tablename__ = "login_attempts"
    __table_args__ = (Index(None, "login_hash", "at"), Index(None, "address_hash", "at"))

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    login_hash: Mapped[str] = mapped_column(String(64))
    address_hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
