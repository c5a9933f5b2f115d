"""Workers as processes of their own: ten wishes at once, and kills at the worst moments."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.db.engine import Database
from bot.db.release_tables import Checkpoint, IndexSnapshot, Release
from bot.db.training_tables import RunState, TrainingRun
from bot.settings import Settings
from retrieval.artifacts import verify_artifact
from tests.bot.retraining.runs import ask, count, find, folders
from tests.fixtures.processes import ROOT, environment

pytestmark = pytest.mark.usefixtures("release")


@contextmanager
def worker(settings: Settings, *arguments: str, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    """A worker process that waits for a line."""
    assert settings.models_dir is not None
    env = environment(settings.data_dir, settings.models_dir, **variables)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fixtures.worker_process", *arguments],
        env=env | {"KEFU_DATABASE__URL": settings.database_url},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()


def begin(*processes: "subprocess.Popen[str]") -> None:
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def ended(process: "subprocess.Popen[str]") -> list[str]:
    assert process.stdout is not None
    said = process.stdout.read()
    assert process.wait(60) in (0, -signal.SIGKILL)
    return said.splitlines()


async def test_ten_wishes_at_once_over_two_workers_are_one_run(
    database: Database, tiny_settings: Settings
) -> None:
    with ExitStack() as stack:
        both = [stack.enter_context(worker(tiny_settings, "5")) for _ in range(2)]
        begin(*both)
        trained = [line for process in both for line in ended(process)]
    async with database.read() as session:
        (run,) = (await session.execute(select(TrainingRun))).scalars()
    assert trained == [f"trained {run.id} done"]
    assert (run.state, run.attempts) == ("done", 1)
    assert await count(database, Release) == 2


@pytest.mark.parametrize("killed_in", ["trained", "built", "promoted"])
async def test_killed_worker_leaves_nothing_half_done_and_the_next_one_goes_on(
    database: Database, tiny_settings: Settings, killed_in: str
) -> None:
    """``trained`` is after the checkpoint's renaming, ``built`` after the snapshot's, both before the release's rows."""
    before = folders(tiny_settings)
    run = await ask(database)
    with worker(tiny_settings, "0", killed_in) as process:
        begin(process)
        assert ended(process) == []
        assert process.returncode == -signal.SIGKILL
    left = await find(database, run.id)
    made = [left.checkpoint_id]
    assert left.state == {"trained": "running", "built": "running", "promoted": "done"}[killed_in]
    assert await count(database, Release) == (2 if killed_in == "promoted" else 1)
    if killed_in == "promoted":
        run = await ask(database)
    with worker(tiny_settings, "0") as process:
        begin(process)
        assert ended(process) == [f"trained {run.id} done"]
    done = await find(database, run.id)
    assert (done.state, done.attempts) == ("done", 1 if killed_in == "promoted" else 2)
    checkpoints = {path.name for path in (tiny_settings.data_dir / "checkpoints").iterdir()}
    assert done.checkpoint_id in checkpoints
    assert (made[0] in checkpoints) == (killed_in == "promoted")
    if killed_in != "promoted":
        # The finished checkpoint was taken over: it was not trained twice.
        said = (tiny_settings.data_dir / done.log_path).read_text()
        assert said.count("training on") == 1
    assert await unnamed_folders(database, tiny_settings) == set()
    assert not list((tiny_settings.data_dir / "training").iterdir())
    assert before <= folders(tiny_settings)


async def unnamed_folders(database: Database, settings: Settings) -> set[str]:
    """Folders of checkpoints and snapshots that no row names; every row's folder is whole."""
    named = set()
    async with database.read() as session:
        for table, kind in ((Checkpoint, "checkpoint"), (IndexSnapshot, "index_snapshot")):
            for row in (await session.execute(select(table))).scalars():
                assert verify_artifact(settings.data_dir / row.path, kind=kind).digest == row.digest
                named.add(row.path)
    return {name for name in folders(settings) if name.startswith(("checkpoints", "snapshots"))} - named


async def test_child_ends_with_its_worker(database: Database, tiny_settings: Settings) -> None:
    run = await ask(database)
    with worker(tiny_settings, "0", KEFU_TEST_TRAINING="slow") as process:
        begin(process)
        while not (await find(database, run.id)).progress:
            assert process.poll() is None
        (child,) = children_of(process.pid)
        process.kill()
        process.wait(20)
    assert not runs(child)
    assert (await find(database, run.id)).state == RunState.RUNNING


def children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(number) for number in listed.split()]


def runs(pid: int) -> bool:
    """Whether it still does after some seconds."""
    for _ in range(50):
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] in "ZX":
            return False
        subprocess.run(["sleep", "0.1"], check=True)
    return True
