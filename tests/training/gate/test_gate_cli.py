"""`python -m training gate`: exit codes, gate.json, the page."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from retrieval.artifacts import read_manifest
from tests.training.gate.conftest import Made, Shop
from training.__main__ import app

HOSTILE = "<script>alert('where is my refund')</script>"


def gate(shop: Shop, candidate: Made, report: Path, *more: object) -> tuple[int, str]:
    arguments = [
        *("--candidate-checkpoint", candidate.folders.checkpoint),
        *("--candidate-snapshot", candidate.folders.snapshot),
        *("--export", candidate.export_folder, "--report", report, "--models-dir", shop.models_dir),
        *more,
    ]
    done = CliRunner().invoke(app, ["gate", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, " ".join(done.output.split())


def beside(serving: Made) -> tuple[object, ...]:
    return (
        "--serving-checkpoint",
        serving.folders.checkpoint,
        "--serving-snapshot",
        serving.folders.snapshot,
    )


def logged(utterance: str, **more: Any) -> str:
    row = {
        "utterance": utterance,
        "language": "en",
        "outcome": "answered",
        "answer_id": "refund",
        "confidence": 0.9,
    }
    return json.dumps(row | {"rating": None} | more) + "\n"


def test_passing_candidate_ends_with_0_and_leaves_json_and_a_page(
    shop: Shop, candidate: Made, serving: Made, tmp_path: Path
) -> None:
    replay = tmp_path / "replay.jsonl"
    replay.write_text(
        logged("where is my invoice", answer_id="invoice", rating="up")
        + logged(HOSTILE, outcome="handed_off", answer_id=None) * 3
        + logged("what does the invoice cost", outcome="handed_off", answer_id=None)
    )
    code, output = gate(shop, candidate, tmp_path / "report", "--replay", replay)
    assert (code, "lets it pass" in output) == (0, True), output
    found = json.loads((tmp_path / "report" / "gate.json").read_text(encoding="utf-8"))
    assert (found["schema"], found["passed"], found["serving"]) == (1, True, None)
    assert found["not_compared"] is None
    assert found["candidate"] == {
        "checkpoint": read_manifest(candidate.folders.checkpoint, kind="checkpoint").digest,
        "snapshot": read_manifest(candidate.folders.snapshot, kind="index_snapshot").digest,
    }
    assert found["export"] == candidate.export.digest
    assert all(each["passed"] and each["reason"] for each in found["checks"])
    assert found["rows"]["replayed"] == 5
    changed = {each["utterance"]: each for each in found["changed_answers"]}
    assert changed["what does the invoice cost"]["after"]["answer"] == "invoice"
    assert changed["what does the invoice cost"]["before"] == changed["what does the invoice cost"]["logged"]
    page = (tmp_path / "report" / "gate.html").read_text(encoding="utf-8")
    assert "The candidate may speak" in page
    assert HOSTILE not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert stat.S_IMODE((tmp_path / "report" / "gate.json").stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["replay.jsonl", "report"]


def test_beside_a_serving_release_the_page_shows_both(
    shop: Shop, candidate: Made, serving: Made, tmp_path: Path
) -> None:
    code, output = gate(shop, candidate, tmp_path / "report", *beside(serving))
    assert code == 0, output
    page = (tmp_path / "report" / "gate.html").read_text(encoding="utf-8")
    for said in ("Serving release", "Difference in accuracy", "Risk-coverage", "Reliability diagram"):
        assert said in page


def test_refused_candidate_ends_with_3_and_says_why(shop: Shop, candidate: Made, tmp_path: Path) -> None:
    shutil.copytree(candidate.folders.snapshot, tmp_path / "snapshot")
    (tmp_path / "snapshot" / "questions.jsonl").write_text("", encoding="utf-8")
    code, output = gate(shop, candidate, tmp_path / "report", "--candidate-snapshot", tmp_path / "snapshot")
    assert (code, "manifests:" in output, "questions.jsonl" in output) == (3, True, True), output
    found = json.loads((tmp_path / "report" / "gate.json").read_text(encoding="utf-8"))
    assert (found["passed"], found["rows"], found["changed_answers"]) == (False, None, [])
    assert [(each["name"], each["passed"]) for each in found["checks"]] == [("manifests", False)]
    page = (tmp_path / "report" / "gate.html").read_text(encoding="utf-8")
    assert "The candidate is refused" in page


@pytest.mark.parametrize("what", ["export", "half a serving release", "replay", "replay line"])
def test_bad_input_ends_with_2_and_nothing_is_written(
    what: str, shop: Shop, candidate: Made, serving: Made, tmp_path: Path
) -> None:
    (tmp_path / "replay.jsonl").write_text(logged("hello", outcome="shouted"), encoding="utf-8")
    more: dict[str, tuple[object, ...]] = {
        "export": ("--export", tmp_path / "none"),
        "half a serving release": beside(serving)[:2],
        "replay": ("--replay", tmp_path / "none.jsonl"),
        "replay line": ("--replay", tmp_path / "replay.jsonl"),
    }
    said = {
        "export": "none",
        "half a serving release": "--serving-snapshot",
        "replay": "none.jsonl",
        "replay line": "line 1: no logged message",
    }
    code, output = gate(shop, candidate, tmp_path / "report", *more[what])
    assert (code, said[what] in output) == (2, True), output
    assert not (tmp_path / "report").exists()


def test_existing_report_is_left_alone(shop: Shop, candidate: Made, tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    code, output = gate(shop, candidate, tmp_path / "report")
    assert (code, "exists already" in output) == (1, True), output
