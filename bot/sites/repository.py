"""Queries on sites."""

from collections.abc import Sequence

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.access_tables import Site, Visitor
from bot.db.conversation_tables import Conversation


async def by_key(session: AsyncSession, public_key: str) -> Site | None:
    return (await session.execute(select(Site).where(Site.public_key == public_key))).scalar_one_or_none()


async def page(session: AsyncSession, *, after: str | None, limit: int) -> Sequence[Site]:
    statement = select(Site).order_by(Site.id).limit(limit)
    if after is not None:
        statement = statement.where(Site.id > after)
    return (await session.execute(statement)).scalars().all()


async def is_used(session: AsyncSession, site_id: str) -> bool:
    conversation = select(Conversation.id).where(Conversation.site_id == site_id).exists()
    visitor = select(Visitor.id).where(Visitor.site_id == site_id).exists()
    return bool(await session.scalar(select(or_(conversation, visitor))))


async def remove(session: AsyncSession, site_id: str) -> None:
    await session.execute(delete(Site).where(Site.id == site_id))
