"""The lease: one process trains at a time, on whatever machine, and one that lost its lease can write nothing.

Who takes it gets a token that was never given before and renews it with every heartbeat. Once it has run out, or its
process is known to have ended, another may take it. Every write of a run checks the token in its own transaction,
with the lease's row locked, so that nobody can take it before the commit (fencing: Kleppmann 2016, "How to do
distributed locking"). Time is the database's where it has a clock of its own, so that machines need not agree.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import now
from bot.db.engine import Database
from bot.db.training_tables import TrainingLease
from bot.errors import ConflictError
from bot.retraining.holders import has_ended


@dataclass(frozen=True)
class Lease:
    token: int
    holder: str


class LeaseLostError(ConflictError):
    """Somebody else trains now; whatever this process made is of no use."""


async def database_time(session: AsyncSession) -> datetime:
    if session.get_bind().dialect.name == "postgresql":
        moment: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
        return moment
    return now()


async def locked(session: AsyncSession) -> TrainingLease:
    """The row; no other transaction that asks for it goes on before this one has ended."""
    statement = select(TrainingLease).with_for_update().execution_options(populate_existing=True)
    return (await session.execute(statement)).scalar_one()


async def is_free(session: AsyncSession, row: TrainingLease) -> bool:
    """Whether it may be taken: nobody has it, it has run out, or its process is gone."""
    if row.holder is None or row.expires_at is None or has_ended(row.holder):
        return True
    return row.expires_at <= await database_time(session)


async def take(session: AsyncSession, *, holder: str, length: timedelta) -> Lease | None:
    """None while somebody else has it."""
    row = await locked(session)
    if not await is_free(session, row):
        return None
    row.token += 1
    row.holder, row.expires_at = holder, await database_time(session) + length
    return Lease(row.token, holder)


async def hold(session: AsyncSession, lease: Lease) -> TrainingLease:
    """Makes sure that it is still ours until this transaction has ended; raises LeaseLostError."""
    row = await locked(session)
    if row.token != lease.token or row.holder != lease.holder:
        raise LeaseLostError(f"the training lease {lease.token} was taken over ({row.token} is the newest)")
    return row


async def renew(session: AsyncSession, lease: Lease, *, length: timedelta) -> None:
    """Raises LeaseLostError; one that has run out and that nobody took is renewed."""
    row = await hold(session, lease)
    row.expires_at = await database_time(session) + length


async def give_back(session: AsyncSession, lease: Lease) -> None:
    row = await hold(session, lease)
    row.holder = row.expires_at = None


def revoke(row: TrainingLease) -> None:
    """When its run ends: whoever had it may live all the same, and is to write nothing any more. The row is locked."""
    row.token += 1
    row.holder = row.expires_at = None


@asynccontextmanager
async def writing(database: Database, lease: Lease) -> AsyncIterator[AsyncSession]:
    """A transaction that commits only while the lease is ours; raises LeaseLostError."""
    async with database.write() as session:
        await hold(session, lease)
        yield session
