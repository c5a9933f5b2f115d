"""SIGTERM, as systemd, docker and ``kill`` send it, ends a command as Ctrl-C does: it cleans up, and says so."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.db.engine import Database
from bot.db.release_tables import Release
from bot.db.training_tables import TrainingRun
from bot.settings import Settings
from tests.bot.retraining.runs import count, folders
from tests.bot.retraining.test_processes import children_of, runs
from tests.fixtures.databases import in_own_loop
from tests.fixtures.installations import fill_installation
from tests.fixtures.processes import ROOT, environment

TERMINATED = 143
DEAF_TO_CTRL_C = ("sh", "-c", "trap '' INT; exec \"$@\"", "sh")
"""As a shell script starts what it puts into the background."""


@contextmanager
def started(
    *command: str, env: dict[str, str] | None = None, before: tuple[str, ...] = ()
) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [*before, sys.executable, *command],
        env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            process.kill()


def said(process: "subprocess.Popen[str]", word: str) -> None:
    """Reads what it prints until the word has come."""
    assert process.stdout is not None
    assert any(word in line for line in process.stdout), f"it ended without {word!r}"


def go_on(process: "subprocess.Popen[str]") -> str:
    """Lets a held command go on to its end; what it says on the error stream."""
    return process.communicate("\n", timeout=60)[1]


async def runs_of(database: Database) -> list[TrainingRun]:
    async with database.read() as session:
        return list((await session.execute(select(TrainingRun))).scalars())


@pytest.mark.usefixtures("release")
async def test_training_that_is_told_to_stop_is_cancelled_and_leaves_nothing(
    database: Database, tiny_settings: Settings
) -> None:
    assert tiny_settings.models_dir is not None
    there = folders(tiny_settings)
    env = environment(
        tiny_settings.data_dir,
        tiny_settings.models_dir,
        KEFU_DATABASE__URL=tiny_settings.database_url,
        KEFU_TEST_TRAINING="slow",
    )
    words = ("-m", "tests.fixtures.held_command", "nothing", "train")
    with started(*words, env=env, before=DEAF_TO_CTRL_C) as process:
        while not any(run.progress for run in await runs_of(database)):
            assert process.poll() is None
        (child,) = children_of(process.pid)
        process.send_signal(signal.SIGTERM)
        said_at_last = process.communicate(timeout=60)[1]
    assert process.returncode == TERMINATED
    assert said_at_last.splitlines()[-1] == "kefu: stopped by SIGTERM"
    assert not runs(child)
    (run,) = await runs_of(database)
    assert (run.state, run.heartbeat_at is None) == ("cancelled", False)
    assert folders(tiny_settings) == there
    assert list((tiny_settings.data_dir / "training").iterdir()) == []


async def test_import_that_is_told_to_stop_leaves_no_release_nor_its_folders(
    sqlite_database: Database, settings: Settings, models_dir: Path, tmp_path: Path
) -> None:
    faq = tmp_path / "faq.csv"
    faq.write_text("question,answer\nDo you ship abroad?,Yes.\nCan I pay later?,No.\n", encoding="utf-8")
    words = ("-m", "tests.fixtures.held_command", "calibrate", "import", str(faq), "--approve")
    with started(*words, env=environment(settings.data_dir, models_dir)) as process:
        said(process, "held")
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        assert any(
            "calibrate" in line for line in process.stderr
        )  # the bar's last state: nobody waits for it
        last = go_on(process).splitlines()[-1]
    assert (process.returncode, last) == (TERMINATED, "kefu: stopped by SIGTERM")
    assert await count(sqlite_database, Release) == 0
    assert folders(settings) == set()


@pytest.mark.parametrize(
    ("by", "code", "says"),
    [
        (signal.SIGTERM, TERMINATED, "kefu: stopped by SIGTERM"),
        (signal.SIGINT, 130, "kefu: stopped"),
    ],
)
def test_backup_that_is_told_to_stop_leaves_no_file(
    by: signal.Signals,
    code: int,
    says: str,
    sqlite_url: str,
    settings: Settings,
    models_dir: Path,
    tmp_path: Path,
) -> None:
    async def fill() -> None:
        database = Database.open(sqlite_url)
        await fill_installation(database, settings.data_dir)
        await database.close()

    in_own_loop(fill())
    target = tmp_path / "made" / "backup.tar.gz"
    target.parent.mkdir()
    words = ("-m", "tests.fixtures.held_command", "folders", "backup", str(target))
    with started(*words, env=environment(settings.data_dir, models_dir)) as process:
        said(process, "held")
        assert [path.suffix for path in target.parent.iterdir()] == [".partial"]
        process.send_signal(by)
        last = go_on(process).splitlines()[-1]
    assert (process.returncode, last) == (code, says)
    assert list(target.parent.iterdir()) == []


CLEANS_UP_FOR_EVER = """
import asyncio
from bot.commands.console import errors_for_people, run

async def main():
    print("at work", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        print("cleaning up", flush=True)
        await asyncio.Event().wait()

with errors_for_people():
    run(main)
"""


def test_second_signal_ends_at_once() -> None:
    with started("-c", CLEANS_UP_FOR_EVER) as process:
        said(process, "at work")
        process.send_signal(signal.SIGTERM)
        said(process, "cleaning up")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == -signal.SIGTERM


TRAINS = """
import sys
from bot.commands import training_process
from bot.commands.console import errors_for_people

training_process.can_train = lambda: True
sys.executable = sys.argv[1]
with errors_for_people():
    training_process.run_training("models", "list")
"""


def test_process_that_a_command_waits_for_ends_with_it(tmp_path: Path) -> None:
    interpreter = tmp_path / "python"
    interpreter.write_text("#!/bin/sh\necho begun\nexec sleep 120\n", encoding="utf-8")
    interpreter.chmod(0o700)
    with started("-c", TRAINS, str(interpreter)) as process:
        said(process, "begun")
        (child,) = children_of(process.pid)
        process.send_signal(signal.SIGTERM)
        last = process.communicate(timeout=60)[1].splitlines()[-1]
    assert (process.returncode, last) == (TERMINATED, "kefu: stopped by SIGTERM")
    assert not runs(child)
