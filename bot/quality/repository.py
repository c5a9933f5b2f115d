"""Queries on alarms."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.quality_tables import QualityAlarm

SHOWN = 10


async def newest_alarms(
    session: AsyncSession, release_id: str, *, limit: int = SHOWN, since: datetime | None = None
) -> list[QualityAlarm]:
    statement = select(QualityAlarm).where(QualityAlarm.release_id == release_id)
    if since is not None:
        statement = statement.where(QualityAlarm.raised_at > since)
    newest_first = statement.order_by(QualityAlarm.raised_at.desc(), QualityAlarm.id.desc())
    return list((await session.execute(newest_first.limit(limit))).scalars())
