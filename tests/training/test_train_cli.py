"""`python -m training train` with bad input: one clear message, an exit code, and nothing half-written."""

import errno
import io
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn
from typer.testing import CliRunner

import training.checkpoints
from retrieval.artifacts import verify_artifact
from retrieval.records import Knowledge
from retrieval.training_export import write_training_export
from tests.training.test_fitting import knowledge
from training.__main__ import app
from training.checkpoints import backbone_to_tune
from training.memory import available_memory, needed_to_tune
from training.school import LOSS, RIGHT_FIRST
from training.train_cli import TrainingBars

ENGLISH, MULTILINGUAL = "sentence-transformers/all-MiniLM-L6-v2", "intfloat/multilingual-e5-small"


def train(folder: Path, encoder: Path, *more: object) -> tuple[int, str]:
    arguments = ["--export", folder / "export", "--target", folder / "made", "--backbone", encoder, *more]
    done = CliRunner().invoke(app, ["train", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, " ".join(done.output.split())


def write_export(folder: Path, stored: Knowledge) -> None:
    write_training_export(folder / "export", knowledge=stored, out_of_scope=(), meta={})


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """With two answers of two questions: trained in no time."""
    few = [question for question in knowledge(2).questions if question.answer_id in ("refund", "invoice")]
    write_export(tmp_path, Knowledge(few))
    return tmp_path / "export"


@pytest.mark.usefixtures("export")
def test_checkpoint_is_made_and_the_work_folder_gone(tmp_path: Path, tiny_bert_folder: Path) -> None:
    code, output = train(tmp_path, tiny_bert_folder, "--work", tmp_path / "work")
    assert code == 0, output
    assert "Checkpoint of 4 questions (no intent head)" in output
    assert verify_artifact(tmp_path / "made", kind="checkpoint").meta["questions"] == 4
    assert sorted(each.name for each in tmp_path.iterdir()) == ["export", "made"]


def test_nothing_to_learn_from(tmp_path: Path, tiny_bert_folder: Path) -> None:
    write_export(tmp_path, Knowledge())
    code, output = train(tmp_path, tiny_bert_folder)
    assert (code, "no approved question to learn from" in output) == (1, True), output
    assert not (tmp_path / "made").exists()


@pytest.mark.usefixtures("export")
def test_checkpoint_that_exists_is_left_as_it_is_and_nothing_is_trained(
    tmp_path: Path, tiny_bert_folder: Path
) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "old").write_text("serves", encoding="utf-8")
    code, output = train(tmp_path, tiny_bert_folder)
    assert (code, "exists already" in output) == (1, True), output
    assert [each.name for each in (tmp_path / "made").iterdir()] == ["old"]


@pytest.mark.parametrize(
    ("harm", "message"),
    [("damaged", "encoder.onnx: has"), ("foreign", "holds a 'training_export', not a 'encoder'")],
)
def test_damaged_or_foreign_encoder_is_refused(
    export: Path, tmp_path: Path, tiny_bert_folder: Path, harm: str, message: str
) -> None:
    encoder = export
    if harm == "damaged":
        encoder = tmp_path / "encoder"
        encoder.mkdir()
        for file in tiny_bert_folder.iterdir():
            (encoder / file.name).write_bytes(file.read_bytes() + b"x" * (file.suffix == ".onnx"))
    code, output = train(tmp_path, encoder)
    assert (code, message in output) == (1, True), output
    assert not (tmp_path / "made").exists()


def test_stage_loss_and_held_out_share_are_shown() -> None:
    text = io.StringIO()
    with Progress(TextColumn("{task.description} {task.fields[loss]}"), console=Console(file=text)) as bars:
        shown = TrainingBars(bars)
        shown.stepped("training", 1, 2)
        shown.measured("training", LOSS, 1.23456)
        shown.measured("calibration 1 of 1", RIGHT_FIRST, 0.931)
    assert "training loss 1.235" in text.getvalue()
    assert "calibration 1 of 1: 93.1% of the held-out questions right first" in text.getvalue()


@pytest.mark.usefixtures("export")
def test_full_disk_leaves_nothing_half_written_and_the_old_checkpoint_alone(
    tmp_path: Path, tiny_bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "manifest.json").write_text("{}", encoding="utf-8")

    def full(path: Path) -> None:
        if "made" in path.parent.name and path.name == "confidence.json":
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("retrieval.artifacts._sync", full)
    code, output = train(tmp_path, tiny_bert_folder)
    assert code == 1, output
    assert "made: could not be written: [Errno 28] No space left on device. Check free space" in output
    assert sorted(each.name for each in tmp_path.iterdir()) == ["export", "old"]


@pytest.mark.usefixtures("export")
def test_full_disk_for_the_report_is_a_warning_in_one_line(
    tmp_path: Path, tiny_bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("training.report.writing._write_private", full)
    code, output = train(tmp_path, tiny_bert_folder, "--report", tmp_path / "report")
    assert code == 0, output
    warning = f"Trained, but without a report: {tmp_path / 'report'} could not be written: [Errno 28] No space left on device"
    assert warning in output
    assert sorted(each.name for each in tmp_path.iterdir()) == ["export", "made"]


@pytest.mark.usefixtures("export")
def test_full_disk_for_temporary_files_is_told_too(
    tmp_path: Path, tiny_bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp/kefu-1/encoder.onnx")

    monkeypatch.setattr(training.checkpoints, "served_encoder", full)
    code, output = train(tmp_path, tiny_bert_folder)
    assert code == 1, output
    assert "No space left on device" in output
    assert "Check free space and permissions" in output


@pytest.mark.parametrize(
    ("option", "value", "ends_with", "message"),
    [
        ("--target-error", "0", 1, "tolerated error 0.0"),
        ("--unknown-share", "1", 2, "--unknown-share 1 must be auto or a number from 0 to below 1"),
    ],
)
@pytest.mark.usefixtures("export")
def test_impossible_shares_are_refused_before_anything_is_trained(
    tmp_path: Path, tiny_bert_folder: Path, option: str, value: str, ends_with: int, message: str
) -> None:
    code, output = train(tmp_path, tiny_bert_folder, option, value)
    assert (code, message in output) == (ends_with, True), output
    assert not (tmp_path / "made").exists()


def test_head_alone_is_trained_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    many = Knowledge(knowledge().questions * 60)
    warnings: list[str] = []
    monkeypatch.setattr(training.checkpoints, "available_memory", lambda: 1_400_000_000)
    assert backbone_to_tune(ENGLISH, many, warn=warnings.append) is None
    assert warnings == [
        "Tuning on 4800 questions needs 1.4 GB of memory and 1.4 GB are available: the head alone is trained. "
        "Free some memory and train again to tune."
    ]


def test_memory_is_asked_of_machine_and_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.memory.MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr("training.memory.CGROUP", tmp_path)
    assert available_memory() is None
    (tmp_path / "meminfo").write_text("MemTotal:  9000 kB\nMemAvailable:  5000 kB\n", encoding="ascii")
    assert available_memory() == 5000 * 1024
    (tmp_path / "memory.max").write_text("max\n", encoding="ascii")
    (tmp_path / "memory.current").write_text("1000000\n", encoding="ascii")
    assert available_memory() == 5000 * 1024
    (tmp_path / "memory.max").write_text("3000000\n", encoding="ascii")
    assert available_memory() == 2_000_000


def test_need_grows_with_the_questions_that_are_taught() -> None:
    assert needed_to_tune(ENGLISH, questions=10_000) == 1_300_000_000 + 310_000_000
    assert needed_to_tune(MULTILINGUAL, questions=10_000) < 4_200_000_000
    assert needed_to_tune(ENGLISH, questions=20_000) == needed_to_tune(ENGLISH, questions=1_000_000)
