"""What `kefu train` leaves behind, and what it says where it cannot train."""

import os
import stat
import time
from pathlib import Path

import pytest

from bot.commands.training_process import run_training
from bot.errors import ConflictError
from bot.releases.reports import page_in, report_folder
from bot.retraining.folders import sweep_training
from bot.settings import Settings
from tests.fixtures.processes import environment, kefu


def test_what_killed_runs_left_is_taken_away_and_work_of_today_is_kept(settings: Settings) -> None:
    """Exports hold customers' words; work folders have none, and let a killed run go on."""
    folder = settings.data_dir / "training"
    for name, hours in (
        ("chk_killed", 0),
        (".chk_killed.0a.partial", 0),
        ("work-old-0", 30),
        ("work-new-0", 2),
    ):
        (folder / name).mkdir(parents=True)
        (folder / name / "questions.jsonl").write_text("{}", encoding="utf-8")
        os.utime(folder / name, (time.time() - 3600 * hours,) * 2)
    (folder / "trn_killed.progress.json").write_text("{}", encoding="utf-8")

    sweep_training(settings)

    assert [left.name for left in folder.iterdir()] == ["work-new-0"]
    folder.rename(folder.with_name("gone"))
    sweep_training(settings)


def test_without_training_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.commands.training_process.can_train", lambda: False)
    with pytest.raises(ConflictError, match=r"pip install 'kefu\[train\]'"):
        run_training("train", "--export", "x")


def test_reports_lie_in_a_private_folder_named_after_the_checkpoint(settings: Settings) -> None:
    folder = report_folder(settings, "chk_1")
    assert folder == settings.data_dir / "reports" / "chk_1"
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert page_in(folder) is None
    folder.mkdir()
    (folder / "report.html").write_text("<html>", encoding="utf-8")
    assert page_in(folder) == folder / "report.html"


def test_output_of_training_leaves_the_place_of_json_alone(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bot.commands.training_process.can_train", lambda: True)
    monkeypatch.setattr("bot.commands.training_process.sys.executable", "/bin/echo")
    run_training("train", "--seed", "1")
    assert capfd.readouterr().out == "-m training train --seed 1\n"
    run_training("train", "--seed", "1", aside=True)
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("", "-m training train --seed 1\n")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("models --help", "Usage: kefu models [OPTIONS] COMMAND [ARGS]..."),
        ("simulate --help", "Usage: kefu simulate [OPTIONS]"),
        ("benchmark intents --nope", "Try 'kefu benchmark intents --help' for help."),
    ],
)
def test_usage_and_errors_of_training_name_what_was_typed(
    typed: str, shown: str, settings: Settings, models_dir: Path
) -> None:
    ended = kefu(*typed.split(), env=environment(settings.data_dir, models_dir))

    said = ended.stdout + ended.stderr
    assert shown in said
    assert "python -m training" not in said
