from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

import training.benchmark_loop_cli
from training.__main__ import app
from training.benchmark_loop_cli import MEASURES, Inputs
from training.evaluation.records import read_measurements
from training.simulation.measures.report import BEGIN, END


def measured(inputs: Inputs) -> tuple[str, Mapping[str, Mapping[str, float]], str]:
    figures = {"plain": {"right_first": 0.5}, "better": {"right_first": 0.75, "difference": 0.25}}
    return inputs.named("Made up"), figures, "encoder"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "benchmarks.md").write_text(f"top\n{BEGIN}\n{END}\nend\n", encoding="utf-8")
    return tmp_path


def test_measurement_is_recorded_and_shown_on_the_page(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training.benchmark_loop_cli, "MEASURES", {"made": measured})
    command = ["benchmark", "loop", "--data", str(docs), "--docs", str(docs), "--part", "0.25"]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert CliRunner().invoke(app, command).exit_code == 0
    rows = read_measurements(docs / "loop.jsonl")
    assert [(row.set, row.method, row.figures["right_first"]) for row in rows] == 2 * [
        ("made", "plain", 0.5),
        ("made", "better", 0.75),
    ]
    page = (docs / "benchmarks.md").read_text(encoding="utf-8")
    assert page.count("### Made up (25% of the rows and messages)") == 1
    assert "| better | 75.0 % | 25.0 |" in page


def test_unknown_measurement_is_named_with_those_there_are(docs: Path) -> None:
    result = CliRunner().invoke(
        app, ["benchmark", "loop", "--data", str(docs), "--docs", str(docs), "--only", "sales"]
    )
    assert result.exit_code == 2
    assert all(name in " ".join(result.stderr.split()) for name in ("sales", *MEASURES))
    assert not (docs / "loop.jsonl").exists()
