"""Who changed what."""

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.access_tables import AuditEntry
from bot.db.base import JsonObject, new_id


async def record_audit(
    session: AsyncSession,
    *,
    actor: str,
    action: str,
    target: str,
    details: JsonObject | None = None,
    id: str | None = None,
) -> None:
    row = {
        "id": id or new_id("aud"),
        "actor": actor,
        "action": action,
        "target": target,
        "details": details or {},
    }
    await session.execute(insert(AuditEntry).values(**row))
