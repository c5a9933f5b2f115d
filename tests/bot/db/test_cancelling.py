"""A task that is cancelled in the middle of its transaction leaves nothing written and nothing locked."""

import asyncio

import pytest
from sqlalchemy import event, text

from bot.db.engine import Database

LONG_QUERY = """
    WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 300000)
    SELECT max(n) FROM counted
"""


async def add_site(database: Database, id: str, *, query: str = "SELECT 1") -> None:
    row = {"id": id, "key": f"key of {id}", "at": "2026-01-01 00:00:00+00:00"}
    insert = "INSERT INTO sites (id, public_key, name, created_at) VALUES (:id, :key, 'x', :at)"
    async with database.write() as session:
        await session.execute(text(insert), row)
        await session.execute(text(query))


async def site_ids(database: Database) -> list[str]:
    async with database.read() as session:
        return list((await session.execute(text("SELECT id FROM sites WHERE name = 'x'"))).scalars())


async def test_others_write_at_once_though_the_error_is_still_being_handled(database: Database) -> None:
    running = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell(_: object, __: object, statement: str, *___: object) -> None:
        if "RECURSIVE" in statement:
            loop.call_soon(running.set)

    event.listen(database.engine.sync_engine, "before_cursor_execute", tell)
    task = asyncio.create_task(add_site(database, "ste_given_up", query=LONG_QUERY))
    await asyncio.wait_for(running.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as handled:
        await task

    await add_site(database, "ste_next")

    assert handled.value.__traceback__ is not None
    assert await site_ids(database) == ["ste_next"]
