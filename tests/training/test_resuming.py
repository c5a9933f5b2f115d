"""A killed run goes on where it stopped and ends with the same bytes."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError

import training.checkpoints
from retrieval.artifacts import Manifest
from retrieval.training_export import TrainingExport, read_training_export, write_training_export
from tests.fixtures.fakes import HashEncoder
from tests.fixtures.tiny_bert import tiny_backbone
from tests.training.test_fitting import knowledge
from training.checkpoints import TrainSettings, train_checkpoint
from training.fitting import fit
from training.work_folder import WorkFolder

SETTINGS = TrainSettings(target_error=0.1, unknown_share=0.2)
STRANGE = (("who won the match", "en"), ("zebra zoo", "en"))


class KilledError(Exception):
    """What a run dies of."""


@dataclass
class Watch:
    """Counts the steps of all stages but the index's, and ends the run after step `last` of `stage`."""

    stage: str = ""
    last: int = 0
    steps: dict[str, int] = field(default_factory=dict)

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage.startswith(("calibration", "training")):
            self.steps[stage] = self.steps.get(stage, 0) + 1
        if (stage, done) == (self.stage, self.last):
            raise KilledError


@dataclass(frozen=True)
class Bench:
    """A tuned training of 80 questions by the tiny backbone: 2 mock installations, 16 epochs each."""

    export: TrainingExport
    folder: Path
    encoder: Path
    warnings: list[str] = field(default_factory=list)

    def train(self, name: str, *, work: Path | None, watch: Watch | None = None) -> Manifest:
        return train_checkpoint(
            self.export,
            self.folder / name,
            encoder_folder=self.encoder,
            settings=SETTINGS,
            work=work,
            warn=self.warnings.append,
            progress=watch,
        ).manifest


@contextmanager
def tuning_the_tiny_backbone() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.checkpoints, "backbone_to_tune", lambda *_, **__: tiny_backbone())
        yield


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> TrainingExport:
    folder = tmp_path_factory.mktemp("export") / "export"
    write_training_export(folder, knowledge=knowledge(), out_of_scope=STRANGE, meta={"revision": 3})
    return read_training_export(folder)


@pytest.fixture(scope="module")
def whole(
    export: TrainingExport, tiny_bert_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Manifest, dict[str, int]]:
    """What an uninterrupted run makes, and the steps it takes."""
    watch = Watch()
    with tuning_the_tiny_backbone():
        bench = Bench(export, tmp_path_factory.mktemp("whole"), tiny_bert_folder)
        return bench.train("made", work=None, watch=watch), watch.steps


@pytest.fixture
def bench(export: TrainingExport, tiny_bert_folder: Path, tmp_path: Path) -> Iterator[Bench]:
    with tuning_the_tiny_backbone():
        yield Bench(export, tmp_path, tiny_bert_folder)


@pytest.fixture(scope="module")
def killed(export: TrainingExport, tiny_bert_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The work folder of a run that was killed after the third of 16 epochs of the last stage."""
    folder = tmp_path_factory.mktemp("killed")
    with tuning_the_tiny_backbone(), pytest.raises(KilledError):
        Bench(export, folder, tiny_bert_folder).train(
            "made", work=folder / "work", watch=Watch("training", 7)
        )
    assert not (folder / "made").exists()
    return folder / "work"


@pytest.fixture
def work(killed: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(killed, tmp_path / "work")


def test_killed_run_goes_on_and_makes_the_same_checkpoint(
    bench: Bench, whole: tuple[Manifest, dict[str, int]], work: Path
) -> None:
    watch = Watch()
    assert bench.train("made", work=work, watch=watch).digest == whole[0].digest
    assert watch.steps == {"training": 32 - 6}
    assert whole[1] == {f"calibration {number} of 4": 16 for number in (1, 2, 3, 4)} | {"training": 32}
    assert bench.warnings == []
    assert not work.exists()


def test_work_folder_holds_no_texts_and_is_private(killed: Path) -> None:
    assert stat.S_IMODE(killed.stat().st_mode) == 0o700
    names = {folder.name for folder in killed.iterdir()}
    assert names == {"lock", *(f"examples-{number}.0" for number in range(4)), "tuning-training.6"}
    everything = b"".join(file.read_bytes() for file in killed.rglob("*") if file.is_file())
    texts = [*(question.text for question in knowledge().questions), *(text for text, _ in STRANGE)]
    assert [text for text in texts if text.encode() in everything] == []


def test_damaged_part_is_made_anew_with_a_warning(
    bench: Bench, whole: tuple[Manifest, dict[str, int]], work: Path
) -> None:
    with (work / "examples-0.0" / "tensors.safetensors").open("ab") as file:
        file.write(b"x")
    watch = Watch()
    assert bench.train("made", work=work, watch=watch).digest == whole[0].digest
    assert watch.steps == {"calibration 1 of 4": 16, "training": 32 - 6}
    (warning,) = bench.warnings
    assert "examples-0.0/tensors.safetensors: has " in warning


def test_work_of_another_run_is_not_used(
    bench: Bench, whole: tuple[Manifest, dict[str, int]], work: Path
) -> None:
    for part in work.glob("*.*"):
        manifest = json.loads((part / "manifest.json").read_text(encoding="utf-8"))
        manifest["meta"]["identity"]["seed"] = 7
        (part / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    watch = Watch()
    assert bench.train("made", work=work, watch=watch).digest == whole[0].digest
    assert watch.steps == whole[1]
    assert len(bench.warnings) == 5
    assert all("is of another training run" in warning for warning in bench.warnings)


def test_folder_that_another_run_uses_is_left_alone(bench: Bench, tmp_path: Path) -> None:
    other = WorkFolder.open(tmp_path / "work", identity={}, warn=bench.warnings.append)
    assert other is not None
    assert WorkFolder.open(tmp_path / "work", identity={}, warn=bench.warnings.append) is None
    assert "Another training run is using" in bench.warnings[0]
    other.remove()
    assert not (tmp_path / "work").exists()


def test_nothing_foreign_is_taken_away_with_the_work_folder(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "photos.2024").mkdir()
    work = WorkFolder.open(tmp_path, identity={}, warn=print)
    assert work is not None
    work.part("examples-0").keep({"a": np.ones(1)})
    work.remove()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["notes.txt", "photos.2024"]


@pytest.mark.parametrize(
    ("where", "error"),
    [
        ("retrieval.artifacts._sync", OSError(28, "No space left on device")),
        ("safetensors.numpy.save_file", SafetensorError("I/O error: No space left on device (os error 28)")),
    ],
)
def test_full_disk_does_not_end_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, error: Exception
) -> None:
    def full(*_: object) -> None:
        raise error

    warnings: list[str] = []
    work = WorkFolder.open(tmp_path / "work", identity={}, warn=warnings.append)
    assert work is not None
    monkeypatch.setattr(where, full)
    for step in (1, 2):
        work.part("tuning-training").keep({"a": np.ones(1)}, step=step)
    assert len(warnings) == 1
    assert "No space left on device" in warnings[0]
    assert work.part("tuning-training").find() is None
    assert [each.name for each in (tmp_path / "work").iterdir()] == ["lock"]


def test_examples_come_back_as_they_were(tmp_path: Path) -> None:
    """All but the milliseconds they took."""
    work = WorkFolder.open(tmp_path / "work", identity={}, warn=print)
    first, again, plain = (
        fit(HashEncoder(), knowledge(), backbone=None, out_of_scope=STRANGE, work=each).examples
        for each in (work, work, None)
    )
    for one, two, three in zip(first, again, plain, strict=True):
        assert one.retrieved.candidates == two.retrieved.candidates == three.retrieved.candidates
        assert (one.right, one.group, one.language) == (two.right, two.group, two.language)
        assert one.retrieved.words == two.retrieved.words
        np.testing.assert_array_equal(one.retrieved.vector, two.retrieved.vector)


@pytest.mark.slow
def test_process_that_is_killed_outright_goes_on(
    bench: Bench, whole: tuple[Manifest, dict[str, int]], export: TrainingExport, tmp_path: Path
) -> None:
    program = """
import os, signal, sys
from pathlib import Path
import training.checkpoints
from retrieval.training_export import read_training_export
from tests.fixtures.tiny_bert import tiny_backbone
from tests.training.test_resuming import SETTINGS

training.checkpoints.backbone_to_tune = lambda *_, **__: tiny_backbone()
export, target, encoder, work = map(Path, sys.argv[1:])

def progress(stage, done, total):
    if (stage, done) == ("training", 9):
        os.kill(os.getpid(), signal.SIGKILL)

training.checkpoints.train_checkpoint(
    read_training_export(export), target, encoder_folder=encoder, settings=SETTINGS, work=work, progress=progress
)
"""
    folder = tmp_path / "export"
    write_training_export(folder, knowledge=knowledge(), out_of_scope=STRANGE, meta={"revision": 3})
    work = tmp_path / "work"
    arguments = [str(each) for each in (folder, tmp_path / "killed", bench.encoder, work)]
    code = subprocess.run(
        [sys.executable, "-c", program, *arguments], check=False, env=dict(os.environ)
    ).returncode
    assert code == -signal.SIGKILL
    watch = Watch()
    assert bench.train("made", work=work, watch=watch).digest == whole[0].digest
    assert watch.steps == {"training": 32 - 8}
    assert bench.warnings == []
