"""What an attempt that was killed after its training has made is used again only where it is what is wanted now."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from bot.db.base import now
from bot.db.engine import Database
from bot.db.training_tables import TrainingLease, TrainingRun
from bot.releases import building
from bot.retraining import making
from bot.retraining.children import Children
from bot.retraining.claiming import claim
from bot.retraining.holders import process_name
from bot.retraining.schemas import RunOptions
from bot.retraining.taking_over import take_over
from bot.retraining.training_one import unwatched
from bot.settings import Settings
from retrieval.artifacts import verify_artifact, write_artifact
from retrieval.checkpoint import Checkpoint, copy_checkpoint
from retrieval.encoder import ENCODER_FILES
from tests.bot.retraining.runs import ask, claimed, find, trainer
from training.__main__ import app

pytestmark = pytest.mark.usefixtures("release")


class KilledError(BaseException):
    """Passes all that could end a run in good order."""


async def killed_after_training(database: Database, settings: Settings) -> TrainingRun:
    run = await ask(database)

    taken = await claimed(database, settings)

    def killed(*_: object, **__: object) -> None:
        raise KilledError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "parts_of_checkpoint", killed)
        with pytest.raises(KilledError):
            await trainer(database, settings).train(taken)
    async with database.write() as session:
        await session.execute(update(TrainingLease).values(expires_at=now()))
    return await find(database, run.id)


async def ended(
    database: Database, settings: Settings, run: TrainingRun, options: RunOptions | None = None
) -> tuple[TrainingRun, int]:
    """The run after its second attempt, and how many trainings it took."""
    taken = await claim(database, holder=process_name(), length=settings.retraining.lease, options=options)
    assert taken is not None
    await trainer(database, settings).train(taken)
    done = await find(database, run.id)
    assert (done.state, done.error, done.attempts) == ("done", None, 2)
    said = (settings.data_dir / done.log_path).read_text(encoding="utf-8")
    return done, said.count("training on")


def other_encoder(like: Path, target: Path) -> None:
    """The tiny encoder with shorter messages."""
    settings = json.loads((like / "encoder.json").read_bytes()) | {"max_tokens": 64}

    def write(name: str) -> Callable[[Path], object]:
        if name == "encoder.json":
            return lambda file: file.write_text(json.dumps(settings))
        return lambda file: shutil.copyfile(like / name, file)

    write_artifact(target, kind="encoder", files={name: write(name) for name in ENCODER_FILES}, meta={})


def asked_of(settings: Settings, run: TrainingRun) -> dict[str, object]:
    manifest = settings.data_dir / "checkpoints" / str(run.checkpoint_id) / "manifest.json"
    asked: dict[str, object] = json.loads(manifest.read_bytes())["meta"]["asked"]
    return asked


async def test_finished_checkpoint_is_taken_over_with_its_report(
    database: Database, tiny_settings: Settings
) -> None:
    killed = await killed_after_training(database, tiny_settings)
    done, trainings = await ended(database, tiny_settings, killed)
    assert trainings == 1
    report = tiny_settings.data_dir / "reports" / str(done.checkpoint_id) / "report.html"
    assert (done.report_path, report.is_file()) == (str(report), True)
    assert not (tiny_settings.data_dir / "checkpoints" / str(killed.checkpoint_id)).exists()


async def test_with_another_tolerated_error_it_is_trained_anew(
    database: Database, tiny_settings: Settings
) -> None:
    killed = await killed_after_training(database, tiny_settings)
    strict = tiny_settings.model_copy(update={"tolerated_error": 0.05})
    done, trainings = await ended(database, strict, killed)
    assert (trainings, asked_of(strict, done)["target_error"]) == (2, 0.05)


async def test_with_another_share_of_unknown_messages_it_is_trained_anew(
    database: Database, tiny_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def audited(*_: object, **__: object) -> float:
        return 0.4

    killed = await killed_after_training(database, tiny_settings)
    monkeypatch.setattr(building, "traffic_unknown_share", audited)
    done, trainings = await ended(database, tiny_settings, killed)
    assert (trainings, asked_of(tiny_settings, done)["unknown_share"]) == (2, 0.4)


async def test_without_tuning_it_is_trained_anew(database: Database, tiny_settings: Settings) -> None:
    killed = await killed_after_training(database, tiny_settings)
    done, trainings = await ended(database, tiny_settings, killed, RunOptions(tune=False))
    assert (trainings, asked_of(tiny_settings, done)["tune"]) == (2, False)


async def test_of_another_backbone_it_is_trained_anew(
    database: Database, tiny_settings: Settings, models_dir: Path, tmp_path: Path
) -> None:
    other_encoder(models_dir / "multilingual-e5-small", tmp_path / "other")
    killed = await killed_after_training(database, tiny_settings)
    before = asked_of(tiny_settings, killed)["encoder"]
    done, trainings = await ended(
        database, tiny_settings, killed, RunOptions(backbone=str(tmp_path / "other"))
    )
    assert (trainings, asked_of(tiny_settings, done)["encoder"] == before) == (2, False)


def without_report(settings: Settings, run: TrainingRun) -> None:
    """As the gate leaves the folder of reports where training had written none."""
    (settings.data_dir / "reports" / str(run.checkpoint_id) / "report.html").unlink()


def recalibrated(settings: Settings, run: TrainingRun) -> None:
    """What ``kefu train --recalibrate`` makes of a release of the same knowledge."""
    made = settings.data_dir / "checkpoints" / str(run.checkpoint_id)
    source = made.rename(made.with_name("source"))
    copy_checkpoint(
        source,
        made,
        confidence=Checkpoint.load(source).confidence,
        meta={"recalibrated": {"release": "rel_x"}},
    )
    shutil.rmtree(source)


def damaged(settings: Settings, run: TrainingRun) -> None:
    (settings.data_dir / "checkpoints" / str(run.checkpoint_id) / "confidence.json").write_text("{}")


@pytest.mark.parametrize("harm", [without_report, recalibrated, damaged])
async def test_what_is_not_whole_or_was_not_trained_is_not_taken_over(
    database: Database, tiny_settings: Settings, harm: Callable[[Settings, TrainingRun], None]
) -> None:
    killed = await killed_after_training(database, tiny_settings)
    harm(tiny_settings, killed)
    done, trainings = await ended(database, tiny_settings, killed)
    assert trainings == 2
    assert done.report_path is not None


async def test_real_training_says_what_it_was_asked_for(
    database: Database, tiny_settings: Settings, tmp_path: Path
) -> None:
    """The command as it is started, but for what lowers the process's priority and memory."""

    class Unlimited(Children):
        def limits(self) -> tuple[str, ...]:
            return ("--models-dir", str(self.settings.models_dir))

    children = Unlimited(tiny_settings, tmp_path / "log", tmp_path / "progress", tmp_path, told=unwatched)
    await ask(database, seed=3)
    first = await claimed(database, tiny_settings)
    inputs = replace(await building.load_inputs(database), audited_share=0.3)
    manifest = making._exported(tmp_path / "export", inputs)
    arguments = making._training(
        tiny_settings, first, inputs, manifest, tmp_path / "export", "english", children
    )
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    second = replace(first, checkpoint_id="chk_second", earlier=(first.checkpoint_id,))
    asked = {"backbone": "english", "unknown_share": 0.3}
    other = replace(second, options=RunOptions(seed=4))
    assert take_over(tiny_settings, other, manifest, **asked) is False
    assert take_over(tiny_settings, second, manifest, **asked) is True
    assert verify_artifact(tiny_settings.data_dir / "checkpoints" / "chk_second", kind="checkpoint")
