"""One holder at a time; one that lost the lease writes nothing; the dead are not waited for."""

import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.db.base import now
from bot.db.engine import Database
from bot.db.training_tables import TrainingLease
from bot.retraining.holders import has_ended, process_name, spoken
from bot.retraining.lease import Lease, LeaseLostError, give_back, renew, take, writing
from tests.bot.retraining.runs import ask

LENGTH = timedelta(seconds=30)
HERE, THERE = "host-a:1:2:boot/1", "host-b:7:8:boot/2"


async def taken(database: Database, holder: str) -> Lease | None:
    async with database.write() as session:
        return await take(session, holder=holder, length=LENGTH)


async def run_out(database: Database) -> None:
    async with database.write() as session:
        await session.execute(update(TrainingLease).values(expires_at=now() - timedelta(seconds=1)))


async def test_second_holder_waits_until_it_is_given_back(database: Database) -> None:
    first = await taken(database, HERE)
    assert first == Lease(1, HERE)
    assert await taken(database, THERE) is None
    async with database.write() as session:
        await give_back(session, first)
    assert await taken(database, THERE) == Lease(2, THERE)


async def test_lease_is_taken_over_once_it_has_run_out_and_the_old_holder_writes_nothing(
    database: Database,
) -> None:
    old = await taken(database, HERE)
    run = await ask(database)
    await run_out(database)
    new = await taken(database, THERE)
    assert (old, new) == (Lease(1, HERE), Lease(2, THERE))
    assert old is not None
    with pytest.raises(LeaseLostError):
        async with writing(database, old) as session:
            (await session.get_one(type(run), run.id)).error = "written by the old holder"
    with pytest.raises(LeaseLostError):
        async with database.write() as session:
            await renew(session, old, length=LENGTH)
    with pytest.raises(LeaseLostError):
        async with database.write() as session:
            await give_back(session, old)
    async with database.read() as session:
        assert (await session.get_one(type(run), run.id)).error is None
        assert (await session.get_one(TrainingLease, 1)).holder == THERE


async def test_write_that_has_begun_is_not_undone_by_a_lease_that_runs_out(database: Database) -> None:
    """The row is locked until the commit: who wants the lease waits, and then finds it held or free as it is."""
    lease = await taken(database, HERE)
    run = await ask(database)
    assert lease is not None
    async with writing(database, lease) as session:
        (await session.get_one(type(run), run.id)).error = "written in time"
    async with database.read() as session:
        assert (await session.get_one(type(run), run.id)).error == "written in time"


async def test_lease_that_ran_out_and_nobody_took_is_renewed(database: Database) -> None:
    lease = await taken(database, HERE)
    assert lease is not None
    await run_out(database)
    async with database.write() as session:
        await renew(session, lease, length=LENGTH)
    assert await taken(database, THERE) is None


def named_process() -> "subprocess.Popen[str]":
    """Prints its name and waits."""
    program = "from bot.retraining.holders import process_name as n; print(n(), flush=True); input()"
    return subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


async def test_process_that_has_ended_is_not_waited_for(database: Database) -> None:
    with named_process() as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert not has_ended(name)
        assert await taken(database, name) == Lease(1, name)
        assert await taken(database, process_name()) is None
        process.kill()
    assert has_ended(name)
    assert await taken(database, process_name()) == Lease(2, process_name())


def test_only_processes_of_this_machine_are_known_to_have_ended() -> None:
    _, pid, _, namespace = process_name().split(":")
    assert not has_ended(process_name())
    assert has_ended(f"h:{pid}:1:{namespace}")  # another process had this number before
    assert not has_ended(f"h:{pid}:1:elsewhere/1")
    assert not has_ended("a name that nobody has given")
    assert spoken(THERE) == "process 7 on host-b"
