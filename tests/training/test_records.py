import subprocess
from pathlib import Path

import pytest

from training.errors import EvaluationError
from training.evaluation.records import (
    Measurement,
    append_measurements,
    current_commit,
    is_measured,
    read_measurements,
)


def measurement(
    *, group: str = "bank", method: str = "Kefu", commit: str = "abc", seed: int = 0, **figures: float
) -> Measurement:
    return Measurement(
        set=group,
        group=group,
        method=method,
        commit=commit,
        seed=seed,
        backbone="b",
        target_error=0.1,
        figures=figures,
    )


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_measurements_come_back_in_order_with_four_decimals(tmp_path: Path) -> None:
    path = tmp_path / "docs" / "record.jsonl"
    append_measurements(path, [measurement(right_first=1 / 3)])
    append_measurements(path, [measurement(seed=1, right_first=0.5)])
    assert read_measurements(path) == [
        measurement(right_first=0.3333),
        measurement(seed=1, right_first=0.5),
    ]


def test_no_file_means_no_measurements(tmp_path: Path) -> None:
    assert read_measurements(tmp_path / "none.jsonl") == []


def test_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    path.write_text('{"set": "bank"}\n', encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"record\.jsonl, line 1 is not a measurement"):
        read_measurements(path)


def test_set_is_measured_for_its_commit_and_seed_only() -> None:
    recorded = [measurement(commit="abc", seed=0)]
    assert is_measured(recorded, name="bank", commit="abc", seed=0)
    assert not is_measured(recorded, name="bank", commit="abd", seed=0)
    assert not is_measured(recorded, name="bank", commit="abc", seed=1)
    assert not is_measured(recorded, name="city", commit="abc", seed=0)


@pytest.mark.parametrize("commit", ["unknown", "abc+changes"])
def test_state_that_no_commit_names_is_always_measured_again(commit: str) -> None:
    assert not is_measured([measurement(commit=commit)], name="bank", commit=commit, seed=0)


def test_commit_is_the_last_one_that_touched_what_is_measured(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "retrieval").mkdir()
    (tmp_path / "retrieval" / "a.py").write_text("a = 1\n", encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    first = git(tmp_path, "log", "-1", "--format=%h")
    (tmp_path / "README.md").write_text("text\n", encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "second")
    assert current_commit(tmp_path) == first
    (tmp_path / "retrieval" / "a.py").write_text("a = 2\n", encoding="utf-8")
    assert current_commit(tmp_path) == f"{first}+changes"


def test_commit_is_unknown_outside_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert current_commit(tmp_path) == "unknown"
