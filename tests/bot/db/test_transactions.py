"""Short transactions on threads: together where they wait together, each whole or not at all."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import IntegrityError

from bot.db.engine import Database


def add_site(id: str) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        row = {"id": id, "key": f"key of {id}", "at": "2026-01-01 00:00:00+00:00"}
        connection.execute(
            text("INSERT INTO sites (id, public_key, name, created_at) VALUES (:id, :key, 'x', :at)"), row
        )
        return id

    return work


def site_ids(connection: Connection) -> list[str]:
    return list(connection.execute(text("SELECT id FROM sites WHERE name = 'x' ORDER BY id")).scalars())


async def busy_writer(database: Database) -> tuple[asyncio.Task[None], threading.Event]:
    """A write that has begun and ends when the event is set."""
    entered, go_on = threading.Event(), threading.Event()

    def slow(_: Connection) -> None:
        entered.set()
        assert go_on.wait(10)

    first = asyncio.create_task(database.quick.write(slow))
    await asyncio.to_thread(entered.wait, 10)
    return first, go_on


async def test_write_returns_after_its_commit_and_everybody_sees_it(database: Database) -> None:
    assert await database.quick.write(add_site("ste_1")) == "ste_1"

    assert await database.quick.read(site_ids) == ["ste_1"]
    async with database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM sites WHERE name = 'x'")) == 1


async def test_error_of_a_statement_does_not_tell_what_it_was_given(database: Database) -> None:
    await database.quick.write(add_site("ste_1"))
    said = {"words": "my purple umbrella-drone broke", "at": "2026-01-01 00:00:00+00:00"}
    twice = text("INSERT INTO sites (id, public_key, name, created_at) VALUES ('ste_1', 'key', :words, :at)")

    with pytest.raises(IntegrityError) as quick:
        await database.quick.write(lambda connection: connection.execute(twice, said))
    with pytest.raises(IntegrityError) as slow:
        async with database.write() as session:
            await session.execute(twice, said)

    for failed in (quick, slow):
        assert "INSERT INTO sites" in str(failed.value)
        assert "umbrella" not in str(failed.value)


async def test_failing_write_leaves_nothing_and_raises_its_own_error(database: Database) -> None:
    def fails_late(connection: Connection) -> None:
        add_site("ste_1")(connection)
        raise ValueError("late")

    with pytest.raises(ValueError, match="late"):
        await database.quick.write(fails_late)

    assert await database.quick.read(site_ids) == []


async def test_of_writes_that_wait_together_only_the_faulty_one_fails(database: Database) -> None:
    await database.quick.write(add_site("ste_2"))

    outcomes = await asyncio.gather(
        *(database.quick.write(add_site(f"ste_{number}")) for number in range(6)), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes] == [str, str, IntegrityError, str, str, str]
    assert await database.quick.read(site_ids) == [f"ste_{number}" for number in range(6)]


async def test_waiting_writes_share_one_commit_on_sqlite(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    commits: list[int] = []
    event.listen(database.quick.engine, "commit", lambda _: commits.append(1))
    first, go_on = await busy_writer(database)
    rest = [asyncio.create_task(database.quick.write(add_site(f"ste_{number}"))) for number in range(5)]
    await asyncio.sleep(0)  # each of them is handed over at its first step
    go_on.set()
    await asyncio.gather(first, *rest)

    assert len(commits) == 2
    assert await database.quick.read(site_ids) == [f"ste_{number}" for number in range(5)]
    await database.close()


async def test_write_given_up_while_it_waits_is_not_done(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    first, go_on = await busy_writer(database)
    given_up = asyncio.create_task(database.quick.write(add_site("ste_1")))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    go_on.set()
    await first

    assert await database.quick.read(site_ids) == []
    await database.close()


async def test_closing_finishes_what_was_begun(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    writes = [asyncio.create_task(database.quick.write(add_site(f"ste_{number}"))) for number in range(3)]
    await asyncio.sleep(0)
    await database.close()
    await asyncio.gather(*writes)

    reopened = Database.open(sqlite_url)
    assert await reopened.quick.read(site_ids) == ["ste_0", "ste_1", "ste_2"]
    await reopened.close()


async def test_reading_work_cannot_write_on_postgres(postgres_url: str) -> None:
    database = Database.open(postgres_url)
    with pytest.raises(Exception, match="read-only transaction"):
        await database.quick.read(add_site("ste_1"))
    await database.close()
