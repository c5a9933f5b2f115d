"""What every table shares: constraint names, column types, ids."""

import secrets
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, DateTime, Dialect, MetaData, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in and out; SQLite, which has no time zones, stores the naive UTC value."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without zone was about to be stored: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON().with_variant(JSONB(), "postgresql")
"""JSON column; binary and indexable on PostgreSQL."""

Id = String(40)
"""A type prefix, an underscore and a UUIDv7 in hex."""


def now() -> datetime:
    return datetime.now(UTC)


def new_id(prefix: str) -> str:
    """Such as ``cnv_0197…``: a UUIDv7 (RFC 9562 §5.7), so that ids sort by time of creation."""
    random = secrets.randbits(74)
    value = (time.time_ns() // 1_000_000) << 80
    value |= 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | (random & (1 << 62) - 1)
    return f"{prefix}_{UUID(int=value).hex}"


def id_from(prefix: str, moment: datetime) -> str:
    """Ids made at this moment or later are greater, those made before it are less."""
    return f"{prefix}_{int(moment.timestamp() * 1000):012x}"


JsonObject = dict[str, Any]
