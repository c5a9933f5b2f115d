"""A training process that is kept small: what it says when it needs more, and that it ends with its parent."""

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.fixtures.processes import ROOT
from training.limits import memory_told
from training.progress_file import ProgressFile
from training.school import LOSS, RIGHT_FIRST

CAPPED = """
import sys, typer
from training.limits import cap_memory, memory_left, memory_told
cap_memory(400_000_000)
assert 0 < memory_left() < 400_000_000
try:
    with memory_told(400_000_000):
        bytearray(500_000_000)
except typer.Exit as ended:
    sys.exit(ended.exit_code)
"""
ORPHANED = """
import os, sys, time
from training.limits import BACKGROUND, end_with_parent, lower_priority
lower_priority()
end_with_parent()
print(os.getpriority(os.PRIO_PROCESS, 0) >= BACKGROUND, flush=True)
time.sleep(60)
"""


def run(program: str, **more: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        **more,  # type: ignore[call-overload]
    )


def test_more_than_the_cap_is_one_line_that_says_what_to_do() -> None:
    with run(CAPPED, stderr=subprocess.PIPE, env=os.environ | {"COLUMNS": "400"}) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.splitlines()[-1].startswith("Training needs more memory than the 0.4 GB it may have.")
    assert "KEFU_RETRAINING__MEMORY" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("std::bad_alloc"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("bfc_arena.cc:360 Failed to allocate memory for requested buffer of size 1"),
        RuntimeError("can't start new thread"),
        ImportError("libscipy.so: failed to map segment from shared object"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        SystemError("error return without exception set"),
    ],
)
def test_libraries_that_run_out_of_memory_are_understood(error: Exception) -> None:
    with pytest.raises(typer.Exit), memory_told(None):
        raise error
    with pytest.raises(RuntimeError, match="another"), memory_told(None):
        raise RuntimeError("another error")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"tuning": True},
            "Training needs more memory than the 0.5 GB it may have. Allow more (KEFU_RETRAINING__MEMORY), "
            "or train the head alone (kefu train --no-tune).",
        ),
        ({}, "Training needs more memory than the 0.5 GB it may have. Allow more (KEFU_RETRAINING__MEMORY)."),
        (
            {"who": "The gate"},
            "The gate needs more memory than the 0.5 GB it may have. Allow more (KEFU_RETRAINING__MEMORY).",
        ),
    ],
)
def test_advice_to_train_the_head_alone_is_for_who_tunes(
    more: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit), memory_told(500_000_000, **more):
        raise MemoryError
    assert capsys.readouterr().err == said + "\n"


def test_process_in_the_background_is_nice_and_ends_when_its_parent_does() -> None:
    with run(ORPHANED, stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "True\n"
        closed_at = time.monotonic()
        process.stdin.close()
        process.wait(20)
    assert time.monotonic() - closed_at < 5


def test_progress_file_tells_stage_loss_and_time_left(tmp_path: Path) -> None:
    file, said, moments = tmp_path / "progress.json", list[str](), iter([0.0, 0.2, 10.0, 10.1, 20.0])
    progress = ProgressFile(file, said.append, clock=lambda: next(moments))
    progress.stepped("training", 0, 4)
    assert json.loads(file.read_text()) == {
        "stage": "training", "done": 0, "total": 4, "loss": None, "seconds_left": None,
    }  # fmt: skip
    progress.stepped("training", 1, 4)  # too soon to be written
    progress.measured("training", LOSS, 0.51239)
    assert json.loads(file.read_text())["done"] == 0
    progress.stepped("training", 2, 4)
    assert json.loads(file.read_text()) == {
        "stage": "training", "done": 2, "total": 4, "loss": 0.5124, "seconds_left": 10,
    }  # fmt: skip
    progress.stepped("training", 4, 4)
    progress.measured("calibration 1 of 1", RIGHT_FIRST, 0.931)
    assert said == [
        "training: 4 of 4, loss 0.512",
        "calibration 1 of 1: 93.1% of the held-out questions right first",
    ]
    assert [each.name for each in tmp_path.iterdir()] == ["progress.json"]


def test_progress_file_on_a_full_disk_is_passed_over(tmp_path: Path) -> None:
    progress = ProgressFile(tmp_path / "gone" / "progress.json", print)
    progress.stepped("training", 1, 4)
