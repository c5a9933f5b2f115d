"""What becomes of a run: a candidate release, or a reason why not, and never half of anything."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.db.base import now
from bot.db.engine import Database
from bot.db.release_tables import Checkpoint, IndexSnapshot, Release
from bot.db.training_tables import RunState, TrainingLease, TrainingRun
from bot.releases import repository as releases
from bot.retraining import making, outcome, service
from bot.retraining.claiming import claim
from bot.retraining.holders import process_name
from bot.retraining.judging import Verdict
from bot.retraining.training_one import Trainer
from bot.settings import ReleaseSettings, RetrainingSettings, Settings
from retrieval.artifacts import verify_artifact
from tests.bot.retraining.runs import ask, claimed, count, find, folders, trainer

pytestmark = pytest.mark.usefixtures("release")


async def train(database: Database, settings: Settings, **options: bool) -> TrainingRun:
    run = await ask(database, **options)
    await trainer(database, settings).train(await claimed(database, settings))
    return await find(database, run.id)


async def promoted(database: Database) -> str | None:
    async with database.read() as session:
        _, present = await releases.promoted(session)
        return present.release.id if present else None


async def test_run_becomes_a_candidate_release_that_does_not_speak(
    database: Database, tiny_settings: Settings, release: str
) -> None:
    run = await train(database, tiny_settings)
    assert (run.state, run.error, run.attempts, run.slot) == ("done", None, 1, None)
    assert run.verdict == {"passed": True, "reasons": [], "not_compared": None}
    async with database.read() as session:
        parts = await releases.get(session, run.release_id or "")
    assert parts is not None
    assert (parts.checkpoint.id, parts.snapshot.id) == (run.checkpoint_id, run.snapshot_id)
    assert parts.release.created_by == "test"
    assert await promoted(database) == release
    for path, kind, digest in (
        (parts.checkpoint.path, "checkpoint", parts.checkpoint.digest),
        (parts.snapshot.path, "index_snapshot", parts.snapshot.digest),
    ):
        assert verify_artifact(tiny_settings.data_dir / path, kind=kind).digest == digest
    assert run.report_path == str(tiny_settings.data_dir / "reports" / parts.checkpoint.id / "report.html")
    first, second = (tiny_settings.data_dir / run.log_path).read_text().splitlines()
    assert first == "training on 10 questions"
    assert second.startswith("the gate is asked about 10 questions, beside chk_")
    assert not list((tiny_settings.data_dir / "training").iterdir())


async def test_log_and_its_folder_are_for_the_owner_alone(
    database: Database, tiny_settings: Settings
) -> None:
    log = tiny_settings.data_dir / (await train(database, tiny_settings)).log_path
    assert [path.stat().st_mode & 0o777 for path in (log, log.parent)] == [0o600, 0o700]


async def test_release_promotes_itself_only_where_that_is_set_and_the_gate_lets_it_pass(
    database: Database, tiny_settings: Settings, release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tiny_settings.model_copy(update={"releases": ReleaseSettings(auto_promote=True)})
    monkeypatch.setenv("KEFU_TEST_GATE", "refuses")
    await train(database, settings)
    assert await promoted(database) == release
    monkeypatch.delenv("KEFU_TEST_GATE")
    await train(database, tiny_settings)
    assert await promoted(database) == release
    passed = await train(database, settings)
    assert await promoted(database) == passed.release_id


async def test_person_may_promote_with_the_training(database: Database, tiny_settings: Settings) -> None:
    run = await train(database, tiny_settings, promote=True)
    assert await promoted(database) == run.release_id


async def test_refused_candidate_never_speaks_whatever_was_wished(
    database: Database, tiny_settings: Settings, release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEFU_TEST_GATE", "refuses")
    run = await train(database, tiny_settings, promote=True)
    assert (run.state, run.error) == ("refused", "languages: worse in Chinese")
    assert run.verdict == {
        "passed": False,
        "reasons": ["languages: worse in Chinese"],
        "not_compared": None,
    }
    assert await promoted(database) == release
    async with database.read() as session:
        parts = await releases.get(session, run.release_id or "")
    assert parts is not None
    assert parts.release.gate is not None
    assert parts.release.gate["report"] == f"reports/{run.checkpoint_id}/gate/gate.html"
    verify_artifact(tiny_settings.data_dir / parts.checkpoint.path, kind="checkpoint")


async def test_candidate_judged_without_comparison_speaks_as_a_first_one_would_and_the_run_says_so(
    database: Database, tiny_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEFU_TEST_NOT_COMPARED", "The serving release is damaged.")
    settings = tiny_settings.model_copy(update={"releases": ReleaseSettings(auto_promote=True)})
    run = await train(database, settings)
    assert (run.state, await promoted(database)) == ("done", run.release_id)
    assert run.verdict == {"passed": True, "reasons": [], "not_compared": "The serving release is damaged."}


async def test_verdict_of_a_run_before_there_was_a_word_on_comparison_is_shown(
    database: Database, tiny_settings: Settings
) -> None:
    run = await train(database, tiny_settings)
    run.verdict = {"passed": True, "reasons": []}
    shown = service.run_out(run, tiny_settings).verdict
    assert shown is not None
    assert (shown.passed, shown.not_compared) == (True, None)


async def test_gate_that_cannot_finish_leaves_nothing(
    database: Database, tiny_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEFU_TEST_GATE", "fails")
    before = folders(tiny_settings)
    run = await train(database, tiny_settings)
    assert (run.state, run.release_id) == ("failed", None)
    assert run.error == "The gate has no memory left."
    assert folders(tiny_settings) == before


async def test_failed_training_says_what_its_process_said_last(
    database: Database, tiny_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = folders(tiny_settings)
    monkeypatch.setenv("KEFU_TEST_TRAINING", "fails")
    run = await train(database, tiny_settings)
    assert (run.state, run.error) == ("failed", "Backbone 'x' is not there. Get it.")
    assert folders(tiny_settings) == before
    monkeypatch.setenv("KEFU_TEST_TRAINING", "killed")
    run = await train(database, tiny_settings)
    assert run.state == "failed"
    assert run.error is not None
    assert run.error.startswith("training was ended by SIGKILL; where nobody did that, memory has run out")
    assert "6.0 GB (KEFU_RETRAINING__MEMORY)" in run.error
    monkeypatch.setenv("KEFU_TEST_TRAINING", "no_memory")
    run = await train(database, tiny_settings)
    assert (run.state, run.error) == (
        "failed",
        "training ran out of memory: it may have 6.0 GB (KEFU_RETRAINING__MEMORY). Its last line: MemoryError",
    )
    monkeypatch.delenv("KEFU_TEST_TRAINING")
    assert (await train(database, tiny_settings)).state == "done"


async def test_training_without_knowledge_fails_with_the_remedy(
    database: Database, tiny_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.db.knowledge_tables import Answer

    async with database.write() as session:
        await session.execute(update(Answer).values(state="draft"))
    run = await train(database, tiny_settings)
    assert (run.state, run.error) == (
        "failed", "no approved answer with a question yet; import some with --approve first",
    )  # fmt: skip


async def trained_until(
    database: Database, settings: Settings, run: TrainingRun, **more: object
) -> asyncio.Task:
    """A task whose training has told how far it is."""
    told: list[object] = []
    taken = await claimed(database, settings)
    watching = trainer(database, settings, told=lambda progress: progress and told.append(progress), **more)
    task = asyncio.create_task(watching.train(taken))
    while not told and not task.done():  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    assert told[0] == {"stage": "training", "done": 1, "total": 3, "loss": 0.5, "seconds_left": 9}
    return task


async def test_run_that_trains_shows_progress_and_is_cancelled(
    database: Database, tiny_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.retraining.heart.BEAT_EVERY_S", 0.2)
    monkeypatch.setenv("KEFU_TEST_TRAINING", "slow")
    before = folders(tiny_settings)
    run = await ask(database)
    task = await trained_until(database, tiny_settings, run)
    while not (await find(database, run.id)).progress:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    shown = service.run_out(await find(database, run.id), tiny_settings)
    assert shown.state == "running"
    assert shown.progress is not None
    assert (shown.progress.stage, shown.progress.done, shown.progress.seconds_left) == ("training", 1, 9)
    async with database.write() as session:
        await service.cancel_run(session, run.id, cancelled_by="test")
    assert await task == RunState.CANCELLED
    ended = await find(database, run.id)
    assert (ended.state, ended.slot, ended.release_id, ended.progress) == ("cancelled", None, None, {})
    assert folders(tiny_settings) == before
    assert (await train_quickly(database, tiny_settings, monkeypatch)).state == "done"


async def train_quickly(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> TrainingRun:
    monkeypatch.delenv("KEFU_TEST_TRAINING")
    return await train(database, settings)


async def test_worker_that_has_to_end_puts_the_run_back_and_the_next_goes_on(
    database: Database, tiny_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEFU_TEST_TRAINING", "slow")
    run = await ask(database)
    task = await trained_until(database, tiny_settings, run)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    back = await find(database, run.id)
    assert (back.state, back.attempts, back.slot) == ("queued", 0, 1)
    monkeypatch.delenv("KEFU_TEST_TRAINING")
    await trainer(database, tiny_settings).train(await claimed(database, tiny_settings))
    done = await find(database, run.id)
    assert (done.state, done.attempts) == ("done", 1)


async def test_ended_foreground_training_is_cancelled(
    database: Database, tiny_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEFU_TEST_TRAINING", "slow")
    run = await ask(database)
    task = await trained_until(database, tiny_settings, run, stopped=outcome.cancel)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await find(database, run.id)).state == "cancelled"


@pytest.mark.parametrize(
    ("error", "state"), [(ValueError("unforeseen"), "failed"), (asyncio.CancelledError(), "cancelled")]
)
async def test_whatever_ends_a_run_its_folders_go(
    database: Database,
    tiny_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    state: str,
) -> None:
    real = making.make_candidate

    async def made(*arguments: object, **named: object) -> object:
        candidate = await real(*arguments, **named)  # type: ignore[arg-type]
        assert (tiny_settings.data_dir / candidate.parts.checkpoint.path).is_dir()
        raise error

    monkeypatch.setattr("bot.retraining.training_one.make_candidate", made)
    before = folders(tiny_settings)
    run = await ask(database)
    with pytest.raises(type(error)):
        await trainer(database, tiny_settings, stopped=outcome.cancel).train(
            await claimed(database, tiny_settings)
        )
    assert (await find(database, run.id)).state == state
    assert folders(tiny_settings) == before


async def test_worker_that_lost_its_lease_writes_nothing_and_takes_its_folders_away(
    database: Database, tiny_settings: Settings
) -> None:
    before = folders(tiny_settings)
    run = await ask(database)
    old = await claimed(database, tiny_settings)
    async with database.write() as session:
        await session.execute(update(TrainingLease).values(expires_at=now()))
    new = await claim(database, holder="host-b:7:8:boot/2", length=tiny_settings.retraining.lease)
    assert new is not None
    assert new.lease.token == old.lease.token + 1
    assert await trainer(database, tiny_settings).train(old) is None
    kept = await find(database, run.id)
    assert (kept.state, kept.checkpoint_id, kept.error) == ("running", new.checkpoint_id, None)
    assert folders(tiny_settings) == before
    assert (await count(database, Release), await count(database, Checkpoint)) == (1, 1)


async def test_lease_lost_at_the_last_moment_makes_no_release(
    database: Database, tiny_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the verdict and the commit: the token is checked in the very transaction of the outcome."""
    real = making.make_candidate

    async def made(*arguments: object, **named: object) -> object:
        candidate = await real(*arguments, **named)  # type: ignore[arg-type]
        async with database.write() as session:
            await session.execute(update(TrainingLease).values(token=TrainingLease.token + 1))
        return candidate

    monkeypatch.setattr("bot.retraining.training_one.make_candidate", made)
    before = folders(tiny_settings)
    run = await train(database, tiny_settings, promote=True)
    assert (run.state, run.release_id) == ("gating", None)
    assert await count(database, IndexSnapshot) == 1
    assert folders(tiny_settings) == before


async def test_cancellation_that_comes_after_the_training_still_counts(
    database: Database, tiny_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def judged(*_: object, **__: object) -> Verdict:
        async with database.write() as session:
            await session.execute(update(TrainingRun).values(cancel_requested=True))
        return Verdict({"passed": True, "checks": []})

    monkeypatch.setattr(making, "judged", judged)
    before = folders(tiny_settings)
    run = await train(database, tiny_settings, promote=True)
    assert (run.state, run.release_id) == ("cancelled", None)
    assert folders(tiny_settings) == before


async def test_run_that_takes_its_process_with_it_three_times_is_given_up(
    database: Database, tiny_settings: Settings
) -> None:
    run = await ask(database)
    for token in (1, 2, 3):
        taken = await claimed(database, tiny_settings)
        assert taken.lease.token == token
        async with database.write() as session:
            await session.execute(update(TrainingLease).values(expires_at=now()))
    assert await claim(database, holder=process_name(), length=tiny_settings.retraining.lease) is None
    ended = await find(database, run.id)
    assert ended.state == "failed"
    assert ended.error is not None
    assert ended.error.startswith("begun 3 times, and each time its process ended without a word")


@pytest.mark.parametrize(("attempts", "cancelled", "ends"), [(3, False, "failed"), (1, True, "cancelled")])
async def test_run_that_another_process_ended_stays_so_though_its_worker_lives(
    database: Database, tiny_settings: Settings, attempts: int, cancelled: bool, ends: str
) -> None:
    before = folders(tiny_settings)
    run = await ask(database)
    living = await claimed(database, tiny_settings)
    async with database.write() as session:
        await session.execute(update(TrainingLease).values(expires_at=now()))
        await session.execute(update(TrainingRun).values(attempts=attempts, cancel_requested=cancelled))
    assert await claim(database, holder="host-b:7:8:boot/2", length=tiny_settings.retraining.lease) is None
    assert await trainer(database, tiny_settings).train(living) is None
    assert (await find(database, run.id)).state == ends
    assert await count(database, Release) == 1
    assert folders(tiny_settings) == before


@pytest.mark.slow
async def test_training_that_needs_more_memory_than_it_may_have_says_so(
    database: Database, tiny_settings: Settings, models_dir: Path
) -> None:
    """The real training process, which can't even load its libraries in so little."""
    settings = tiny_settings.model_copy(update={"retraining": RetrainingSettings(memory=256_000_000)})
    run = await ask(database)
    taken = await claimed(database, settings)
    options = taken.options.model_copy(update={"backbone": str(models_dir / "multilingual-e5-small")})
    await Trainer(database, settings).train(replace(taken, options=options))
    ended = await find(database, run.id)
    assert ended.state == "failed"
    assert "memory" in (ended.error or "")
    assert "KEFU_RETRAINING__MEMORY" in (ended.error or "")


@pytest.mark.slow
async def test_damaged_release_that_speaks_does_not_keep_out_the_next_one(
    database: Database, tiny_settings: Settings, models_dir: Path, release: str
) -> None:
    """The real training and the real gate."""
    async with database.read() as session:
        parts = await releases.get(session, release)
    assert parts is not None
    encoder = tiny_settings.data_dir / parts.checkpoint.path / "encoder.onnx"
    encoder.unlink()
    run = await ask(database, backbone=str(models_dir / "multilingual-e5-small"))
    await Trainer(database, tiny_settings).train(await claimed(database, tiny_settings))
    ended = await find(database, run.id)
    assert ended.release_id is not None, ended.error
    assert str(ended.verdict["not_compared"]).startswith("The serving release cannot be loaded")
    assert f"{encoder}: is missing" in str(ended.verdict["not_compared"])
