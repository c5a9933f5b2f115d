"""Real trainings, killed at random moments: the release that speaks stays, the registry is whole, the next run succeeds."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.db.base import new_id
from bot.db.engine import Database
from bot.db.knowledge_tables import Answer, AnswerState, LabelSource, Question
from bot.db.release_tables import Checkpoint, IndexSnapshot, Release
from bot.db.training_tables import RunState, RunTrigger, TrainingRun
from bot.knowledge.folding import folded_hash
from bot.knowledge.index_feed import raise_revision
from bot.releases import repository as releases
from bot.retraining import service
from bot.retraining.schemas import RunOptions
from bot.settings import Settings
from retrieval.artifacts import verify_artifact
from tests.bot.retraining.runs import find
from tests.fixtures.processes import ROOT, environment
from tests.fixtures.services import promoted_release
from tests.training.test_fitting import knowledge as enough_for_a_head


async def teach_eight_answers(database: Database) -> None:
    """Of ten questions each, so that a head is trained: mock installations, epochs, a report."""
    async with database.write() as session:
        revision = await raise_revision(session)
        known = enough_for_a_head()
        for answer_id in sorted({question.answer_id for question in known.questions}):
            session.add(Answer(id=answer_id, tags=[], state=AnswerState.APPROVED, revision=revision))
        await session.flush()
        for question in known.questions:
            session.add(
                Question(
                    id=new_id("qst"), answer_id=question.answer_id, text=question.text,
                    folded=folded_hash(question.text), language="en", source=LabelSource.IMPORT, revision=revision,
                )
            )  # fmt: skip


async def consistent(database: Database, settings: Settings, speaking: str) -> None:
    """The release that speaks is the one it was; every row's folder is whole, and no folder is without its row."""
    named = {"checkpoints": set(), "snapshots": set()}
    async with database.read() as session:
        _, present = await releases.promoted(session)
        for table, kind, folder in (
            (Checkpoint, "checkpoint", "checkpoints"),
            (IndexSnapshot, "index_snapshot", "snapshots"),
        ):
            for row in (await session.execute(select(table))).scalars():
                assert verify_artifact(settings.data_dir / row.path, kind=kind).digest == row.digest
                named[folder].add(row.id)
        runs = list((await session.execute(select(TrainingRun))).scalars())
        made = set((await session.execute(select(Release.id))).scalars())
    assert present is not None
    assert present.release.id == speaking
    assert [run.id for run in runs if (run.state == RunState.DONE) != (run.release_id in made)] == []
    if not any(run.slot for run in runs):
        for folder, ids in named.items():
            assert {path.name for path in (settings.data_dir / folder).iterdir()} == ids
        assert [path for path in (settings.data_dir / "training").iterdir() if "work" not in path.name] == []


def processes_of(worker: int) -> list[int]:
    """The worker and its training process, if it has one."""
    children = Path(f"/proc/{worker}/task/{worker}/children")
    return [worker, *(int(pid) for pid in children.read_text().split())]


REAL = (sys.executable, "-m", "bot.cli", "worker", "--once")
FAKE = (sys.executable, "-m", "tests.fixtures.worker_process", "0")


async def started(command: tuple[str, ...], env: dict[str, str]) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *command, env=env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert process.stdin is not None
    process.stdin.write(b"go\n")
    return process


async def worked(command: tuple[str, ...], env: dict[str, str]) -> float:
    """Seconds that a worker took to do what there was to do."""
    begun = time.monotonic()
    process = await started(command, env)
    assert await process.wait() == 0
    return time.monotonic() - begun


async def killed_after(
    seconds: float, command: tuple[str, ...], env: dict[str, str], dice: random.Random
) -> bool:
    """Whether a worker, or its training process, could be killed so long after its start."""
    process = await started(command, env)
    try:
        await asyncio.wait_for(process.wait(), seconds)
    except TimeoutError:
        os.kill(dice.choice(processes_of(process.pid)), signal.SIGKILL)
        await process.wait()
        return True
    return False


async def ask(database: Database, seed: int, backbone: Path) -> str:
    """The id of the run that waits."""
    options = RunOptions(seed=seed, backbone=str(backbone))
    async with database.write() as session:
        run, _ = await service.request_run(
            session, trigger=RunTrigger.MANUAL, requested_by="test", options=options
        )
        return run.id


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("kills", "command"),
    [
        pytest.param(2, FAKE, id="2-of-the-fake"),
        pytest.param(20, REAL, id="20-of-the-real", marks=pytest.mark.slow),
    ],
)
async def test_training_killed_at_random_moments_leaves_everything_whole(
    kills: int,
    command: tuple[str, ...],
    sqlite_database: Database,
    settings: Settings,
    models_dir: Path,
    request: pytest.FixtureRequest,
) -> None:
    backbone = models_dir / "multilingual-e5-small"
    if command == REAL:
        backbone = request.getfixturevalue("tiny_bert_folder")
    tiny = settings.model_copy(update={"models_dir": models_dir})
    await teach_eight_answers(sqlite_database)
    speaking = await promoted_release(sqlite_database, tiny)
    env, dice = environment(settings.data_dir, models_dir), random.Random(4)

    await ask(sqlite_database, 0, backbone)
    whole_s = await worked(command, env)
    for seed in range(1, kills + 1):
        run_id = await ask(sqlite_database, seed, backbone)
        while not await killed_after(dice.uniform(0.1, 0.95) * whole_s, command, env, dice):
            run_id = await ask(sqlite_database, seed, backbone)
        await consistent(sqlite_database, tiny, speaking)
        if (await find(sqlite_database, run_id)).ended_at is not None:
            run_id = await ask(
                sqlite_database, seed, backbone
            )  # its training process was killed: it has failed
        await worked(command, env)
        assert (await find(sqlite_database, run_id)).state == RunState.DONE
        await consistent(sqlite_database, tiny, speaking)
