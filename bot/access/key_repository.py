"""Queries on API keys."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.access_tables import ApiKey
from bot.db.base import now


async def keys(session: AsyncSession) -> Sequence[ApiKey]:
    return (await session.execute(select(ApiKey).order_by(ApiKey.id))).scalars().all()


async def key(session: AsyncSession, key_id: str) -> ApiKey | None:
    return await session.get(ApiKey, key_id)


async def end(session: AsyncSession, key_id: str) -> bool:
    """Whether it was this call that ended it."""
    ended = update(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None)).values(revoked_at=now())
    return (await session.execute(ended.returning(ApiKey.id))).first() is not None
