"""What is said of a child that failed."""

from pathlib import Path

import pytest

from bot.retraining.children import Children, TrainingFailedError
from bot.settings import Settings


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ("Backbone 'x' is not there.", "Backbone 'x' is not there."),
        (
            "OpenBLAS error: Memory allocation still failed after 10 retries, giving up.",
            "training ran out of memory: it may have 6.0 GB (KEFU_RETRAINING__MEMORY). Its last line: OpenBLAS error: "
            "Memory allocation still failed after 10 retries, giving up.",
        ),
        (
            "cannot allocate memory for thread-local data: ABORT",
            "training ran out of memory: it may have 6.0 GB (KEFU_RETRAINING__MEMORY). Its last line: cannot allocate "
            "memory for thread-local data: ABORT",
        ),
        ("", "it could say nothing; check free space for {log}"),
    ],
)
async def test_last_line_of_a_child_is_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str, said: str
) -> None:
    (tmp_path / "child_that_fails.py").write_text(
        f"import sys\nprint({last!r}, flush=True)\nsys.exit(1)\n", encoding="utf-8"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    log = tmp_path / "log"
    children = Children(
        Settings(data_dir=tmp_path),
        log=log,
        progress=tmp_path / "progress.json",
        temporary=tmp_path,
        told=lambda _: None,
        module="child_that_fails",
    )
    with pytest.raises(TrainingFailedError) as failed:
        await children.run("train")
    assert failed.value.detail == said.format(log=log)
