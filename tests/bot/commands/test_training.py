"""What `kefu train` leaves behind, and what it says where it cannot train."""

import os
import stat
import time
from datetime import timedelta
from pathlib import Path

import pytest

from bot.commands.training import sweep_exports
from bot.commands.training_process import run_training
from bot.errors import ConflictError
from bot.releases.reports import page_in, report_folder
from bot.settings import Settings


def test_exports_of_killed_runs_are_taken_away_and_a_running_one_is_left(tmp_path: Path) -> None:
    for name, hours in (("killed", 30), ("running", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "questions.jsonl").write_text("{}", encoding="utf-8")
        os.utime(tmp_path / name, (time.time() - 3600 * hours,) * 2)

    sweep_exports(tmp_path, older_than=timedelta(days=1))

    assert [folder.name for folder in tmp_path.iterdir()] == ["running"]
    sweep_exports(tmp_path / "gone", older_than=timedelta(days=1))


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
