"""A serving release that cannot be loaded does not keep out the candidate that would replace it; the verdict says so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import retrieval.artifacts
from tests.training.gate.conftest import Made, Shop
from tests.training.gate.damaging import copied, document, hurt, remade
from tests.training.gate.test_gate_cli import gate, logged
from tests.training.gate.test_sound import FIRST_CHECKS, LAST_CHECKS, refusals
from training.errors import GateInputError
from training.gate.folders import ReleaseFolders
from training.gate.judging import ALONE, judge_release

Damage = Callable[[ReleaseFolders, Path, Shop], ReleaseFolders]


def cut(file: str) -> Callable[[Path], None]:
    return lambda folder: (folder / file).write_bytes((folder / file).read_bytes()[:-9]) and None


def without_backgrounds(manifest: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    """As a snapshot of another version may lack what this one reads."""
    return manifest | {
        "meta": {name: each for name, each in manifest["meta"].items() if name != "backgrounds"}
    }


DAMAGES: dict[str, tuple[str, Damage]] = {
    "a file of its checkpoint is cut": ("checkpoint/encoder.onnx: has", hurt("checkpoint", cut("encoder.onnx"))),
    "its checkpoint is gone": ("checkpoint: no checkpoint folder here", hurt("checkpoint", shutil.rmtree)),
    "a file of its snapshot is cut": ("snapshot/questions.faiss: has", hurt("snapshot", cut("questions.faiss"))),
    "its snapshot is gone": ("snapshot: no index_snapshot folder here", hurt("snapshot", shutil.rmtree)),
    "its snapshot is of another version": (
        "cannot be loaded: KeyError('backgrounds')",
        remade("snapshot", document("manifest.json", without_backgrounds)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_candidate_is_judged_as_a_first_release_where_the_serving_one_is_broken(
    name: str, candidate: Made, serving: Made, shop: Shop, tmp_path: Path
) -> None:
    said, damage = DAMAGES[name]
    broken = damage(serving.folders, tmp_path, shop)
    judgement = judge_release(candidate.folders, broken, candidate.export, models_dir=shop.models_dir)
    assert (judgement.passed, refusals(judgement)) == (True, {})
    assert [check.name for check in judgement.checks] == [*FIRST_CHECKS, *LAST_CHECKS]
    assert judgement.serving is None
    assert judgement.not_compared is not None
    assert judgement.not_compared.startswith(ALONE)
    assert said in judgement.not_compared


def test_nothing_is_missed_where_no_release_serves(candidate: Made, serving: Made, shop: Shop) -> None:
    for beside in (None, serving.folders):
        judgement = judge_release(candidate.folders, beside, candidate.export, models_dir=shop.models_dir)
        assert judgement.not_compared is None


def test_serving_release_that_may_be_sound_and_cannot_be_read_is_not_passed_over(
    candidate: Made, serving: Made, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = copied(serving.folders, tmp_path)
    real = retrieval.artifacts._hash_file

    def read(file: Path) -> str:
        if file.is_relative_to(tmp_path):
            raise PermissionError(13, "Permission denied", str(file))
        return real(file)

    monkeypatch.setattr(retrieval.artifacts, "_hash_file", read)
    with pytest.raises(GateInputError, match=r"checkpoint: cannot be read \(Permission denied\)"):
        judge_release(candidate.folders, beside, candidate.export, models_dir=shop.models_dir)


def test_json_page_and_log_say_what_was_not_compared_and_why(
    candidate: Made, serving: Made, shop: Shop, tmp_path: Path
) -> None:
    broken = hurt("checkpoint", cut("head.safetensors"))(serving.folders, tmp_path, shop)
    replay = tmp_path / "replay.jsonl"
    replay.write_text(logged("what does the invoice cost", outcome="handed_off", answer_id=None))
    code, output = gate(
        shop,
        candidate,
        tmp_path / "report",
        *("--serving-checkpoint", broken.checkpoint, "--serving-snapshot", broken.snapshot),
        *("--replay", replay),
    )
    assert (code, ALONE.strip() in output) == (0, True), output
    found = json.loads((tmp_path / "report" / "gate.json").read_text(encoding="utf-8"))
    assert found["passed"] is True
    assert found["not_compared"].startswith(f"{ALONE}{broken.checkpoint}/head.safetensors: has ")
    (changed,) = found["changed_answers"]
    assert changed["before"] == changed["logged"]
    page = (tmp_path / "report" / "gate.html").read_text(encoding="utf-8")
    for said in (
        "Judged without comparison.",
        "compared with nothing",
        "the serving release cannot be loaded",
    ):
        assert said in page
    assert "this would be the first release" not in page
