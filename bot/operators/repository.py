"""Queries on operators, their sessions and logins that were tried."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import JsonObject
from bot.db.operator_tables import LoginAttempt, Operator, OperatorSession

CallerRow: TypeAlias = Row[str, str, str, str, str | None, str | None, datetime, datetime]
"""session id, operator id, name, role, language, time zone, begun at, used at"""

_CALLER = (
    select(
        OperatorSession.id.label("session_id"),
        Operator.id,
        Operator.name,
        Operator.role,
        Operator.language,
        Operator.time_zone,
        OperatorSession.created_at,
        OperatorSession.used_at,
    )
    .join(Operator, Operator.id == OperatorSession.operator_id)
    .where(OperatorSession.token_hash == bindparam("token_hash"), Operator.disabled_at.is_(None))
)
_USED = update(OperatorSession).where(OperatorSession.id == bindparam("session_id"))


def caller_by_token(connection: Connection, token_hash: str) -> CallerRow | None:
    return connection.execute(_CALLER, {"token_hash": token_hash}).one_or_none()


def mark_used(connection: Connection, session_id: str, at: datetime) -> None:
    connection.execute(_USED.values(used_at=at), {"session_id": session_id})


async def operators(session: AsyncSession) -> Sequence[Operator]:
    return (await session.execute(select(Operator).order_by(Operator.login))).scalars().all()


async def operator(session: AsyncSession, operator_id: str) -> Operator | None:
    return await session.get(Operator, operator_id)


async def operator_by_login(session: AsyncSession, login: str) -> Operator | None:
    return (await session.execute(select(Operator).where(Operator.login == login))).scalar_one_or_none()


async def any_operator(session: AsyncSession) -> bool:
    return (await session.execute(select(Operator.id).limit(1))).first() is not None


async def enabled_admins(session: AsyncSession, role: str) -> list[str]:
    """Locked, so that of two admins at once not each disables the other."""
    found = select(Operator.id).where(Operator.role == role, Operator.disabled_at.is_(None))
    return list((await session.execute(found.with_for_update())).scalars())


async def add_operator(session: AsyncSession, row: JsonObject) -> None:
    await session.execute(insert(Operator).values(**row))


async def change_operator(session: AsyncSession, operator_id: str, values: dict[str, Any]) -> None:
    await session.execute(update(Operator).where(Operator.id == operator_id).values(**values))


async def add_session(session: AsyncSession, row: JsonObject) -> None:
    await session.execute(insert(OperatorSession).values(**row))


async def end_session(session: AsyncSession, session_id: str) -> None:
    await session.execute(delete(OperatorSession).where(OperatorSession.id == session_id))


async def end_sessions_of(session: AsyncSession, operator_id: str, *, but: str | None = None) -> int:
    """All of them, or all but one; returns how many."""
    ended = delete(OperatorSession).where(OperatorSession.operator_id == operator_id)
    if but is not None:
        ended = ended.where(OperatorSession.id != but)
    return len((await session.execute(ended.returning(OperatorSession.id))).all())


async def forget_sessions(session: AsyncSession, *, used_before: datetime, begun_before: datetime) -> None:
    over = (OperatorSession.used_at < used_before) | (OperatorSession.created_at < begun_before)
    await session.execute(delete(OperatorSession).where(over))


async def add_attempt(session: AsyncSession, row: JsonObject) -> None:
    await session.execute(insert(LoginAttempt).values(**row))


async def attempts_since(
    session: AsyncSession, since: datetime, *, login_hash: str | None = None, address_hash: str | None = None
) -> int:
    counted = select(func.count()).select_from(LoginAttempt).where(LoginAttempt.at >= since)
    if login_hash is not None:
        counted = counted.where(LoginAttempt.login_hash == login_hash)
    if address_hash is not None:
        counted = counted.where(LoginAttempt.address_hash == address_hash)
    return (await session.execute(counted)).scalar_one()


async def forget_attempt(session: AsyncSession, attempt_id: str) -> None:
    await session.execute(delete(LoginAttempt).where(LoginAttempt.id == attempt_id))


async def forget_attempts(session: AsyncSession, *, login_hash: str, address_hash: str) -> None:
    mine = (LoginAttempt.login_hash == login_hash, LoginAttempt.address_hash == address_hash)
    await session.execute(delete(LoginAttempt).where(*mine))


async def forget_attempts_before(session: AsyncSession, moment: datetime) -> None:
    await session.execute(delete(LoginAttempt).where(LoginAttempt.at < moment))
