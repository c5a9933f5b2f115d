"""Charts are drawn in a process of its own: whatever becomes of it, the page is written."""

import subprocess
import sys

import pytest

from tests.fixtures.processes import ROOT
from training.report.charts import loss_curve
from training.report.drawing import MISSING, Drawing, drawn

CAPPED = """
from training.limits import cap_memory
from training.report.charts import loss_curve
from training.report.drawing import drawn
cap_memory(400_000_000)
print(drawn([("losses", loss_curve([2.0, 1.0]))])["losses"])
"""


def test_engine_that_gets_too_little_memory_takes_nothing_with_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CAPPED], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == MISSING
    assert done.stderr.startswith("The page has no charts: drawing was ended by SIG")
    assert "memory has run out" in done.stderr


def test_what_the_library_cannot_draw_is_missing_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    charts = [("losses", loss_curve([2.0, 1.0])), ("broken", Drawing({"mark": 5}, "Nothing"))]
    assert drawn(charts) == {"losses": MISSING, "broken": MISSING}
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert caplog.messages[0].startswith(
        "The page has no charts: Vega-Lite to SVG conversion failed: TypeError: "
    )


def test_nothing_to_draw_needs_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert drawn([]) == {}
    assert drawn([("losses", loss_curve([2.0, 1.0]))]) == {"losses": MISSING}


def test_pages_are_written_without_loading_what_draws_before() -> None:
    program = (
        "import sys, training.__main__, training.report.writing, training.gate.writing\n"
        "print([name for name in ('altair', 'vl_convert') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
