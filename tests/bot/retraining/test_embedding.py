"""``kefu serve`` starts a worker when one is needed, and only then."""

import asyncio
import os
import sys
from pathlib import Path

import httpx
import pytest

from bot.db.engine import Database
from bot.db.training_tables import RunState
from bot.retraining.embedding import EmbeddedWorker
from bot.settings import RetrainingSettings, Settings
from tests.bot.retraining.runs import ask, find
from tests.fixtures.processes import environment, serving
from tests.fixtures.services import fill_knowledge, promoted_release

PROGRAM = """
import os, sys
with open(sys.argv[1], "a") as file:
    file.write(f"{os.getpid()}\\n")
sys.stdin.read()  # until whoever started it closes it
with open(sys.argv[1], "a") as file:
    file.write("told to end\\n")
"""


async def test_worker_is_started_when_a_run_waits_and_ended_with_the_server(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "started"
    embedded = EmbeddedWorker(
        database, RetrainingSettings(), command=(sys.executable, "-c", PROGRAM, str(file)), look_every_s=0.1
    )
    following = asyncio.create_task(embedded.follow())
    await asyncio.sleep(0.5)
    assert not file.exists()
    await ask(database)
    await until_written(file)
    pid, *_ = file.read_text().splitlines()
    assert int(pid) != os.getpid()
    await asyncio.sleep(0.5)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert file.read_text().splitlines() == [pid, "told to end"]


async def until_written(file: Path) -> None:
    while not (file.exists() and file.read_text().endswith("\n")):  # noqa: ASYNC110, ASYNC240
        await asyncio.sleep(0.05)


async def test_worker_that_fails_at_once_is_not_started_again_and_again(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "started"
    program = f"import sys; open({str(file)!r}, 'a').write('x'); sys.exit(1)"
    embedded = EmbeddedWorker(
        database, RetrainingSettings(), command=(sys.executable, "-c", program), look_every_s=0.1
    )
    await ask(database)
    following = asyncio.create_task(embedded.follow())
    await asyncio.sleep(4)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert 1 <= len(file.read_text()) <= 4


@pytest.mark.slow
async def test_server_trains_what_waits_and_puts_it_back_when_it_is_stopped(
    sqlite_database: Database, settings: Settings, models_dir: Path, tiny_bert_folder: Path
) -> None:
    """The real thing: ``kefu serve`` → ``kefu worker --once`` → ``python -m training``, beside a server that answers."""
    await fill_knowledge(sqlite_database)
    release = await promoted_release(sqlite_database, settings.model_copy(update={"models_dir": models_dir}))
    first = await ask(sqlite_database, backbone=str(tiny_bert_folder))
    with serving(environment(settings.data_dir, models_dir)) as server:
        await until(sqlite_database, first.id, RunState.DONE)
        async with httpx.AsyncClient() as client:
            ready = await client.get(f"{server.url}/health/ready")
        assert (ready.status_code, ready.json()["release"]) == (200, release)
        second = await ask(sqlite_database, backbone=str(tiny_bert_folder), seed=2)
        await until(sqlite_database, second.id, RunState.RUNNING)
        assert server.stop() == 0
    assert (await find(sqlite_database, second.id)).state == RunState.QUEUED
    with serving(environment(settings.data_dir, models_dir)):
        await until(sqlite_database, second.id, RunState.DONE)


async def until(database: Database, run_id: str, state: RunState) -> None:
    async with asyncio.timeout(200):
        while (await find(database, run_id)).state != state:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
