"""Sound candidates pass, with and without a release that serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import training.checkpoints
from retrieval.records import Knowledge
from tests.fixtures.shops import shop_knowledge
from tests.fixtures.tiny_bert import tiny_backbone
from tests.training.gate.conftest import SETTINGS, Made, Shop
from training.checkpoints import train_checkpoint
from training.gate.judging import Judgement, judge_release

FIRST_CHECKS = [
    "manifests",
    "loads",
    "tokenizer",
    "weights",
    "knowledge",
    "vectors",
    "recall",
    "head",
    "baselines",
]
PAIRED = ["accuracy", "languages", "topics"]
LAST_CHECKS = ["calibration", "promise", "coverage", "anchors", "speed"]


def refusals(judgement: Judgement) -> dict[str, str]:
    return {check.name: check.reason for check in judgement.checks if not check.passed}


def test_candidate_taught_more_passes_every_check(candidate: Made, serving: Made, shop: Shop) -> None:
    judgement = judge_release(
        candidate.folders, serving.folders, candidate.export, models_dir=shop.models_dir
    )
    assert refusals(judgement) == {}
    assert [check.name for check in judgement.checks] == [*FIRST_CHECKS, *PAIRED, *LAST_CHECKS]
    assert judgement.asked is not None
    assert judgement.asked.rows.kind == "fenced"
    assert judgement.asked.comparison is not None
    assert [each.name for each in judgement.asked.comparison.languages] == ["en", "zh"]


def test_release_passes_beside_itself(serving: Made, shop: Shop) -> None:
    judgement = judge_release(serving.folders, serving.folders, serving.export, models_dir=shop.models_dir)
    assert refusals(judgement) == {}
    assert judgement.asked is not None
    assert judgement.asked.comparison is not None
    overall = judgement.asked.comparison.overall
    assert (overall.lost, overall.won, overall.chance) == (0, 0, 1.0)


def test_first_release_is_judged_alone(candidate: Made, shop: Shop) -> None:
    judgement = judge_release(candidate.folders, None, candidate.export, models_dir=shop.models_dir)
    assert refusals(judgement) == {}
    assert [check.name for check in judgement.checks] == [*FIRST_CHECKS, *LAST_CHECKS]


def test_serving_release_is_judged_with_the_changes_since_its_snapshot(
    candidate: Made, serving: Made, shop: Shop
) -> None:
    """Its snapshot has 94 questions less; live changes have brought them into its index long ago."""
    judgement = judge_release(
        candidate.folders, serving.folders, candidate.export, models_dir=shop.models_dir
    )
    assert judgement.serving is not None
    view = judgement.serving.engine.retriever.view
    assert set(view.questions) == {question.number for question in candidate.export.knowledge.questions}
    assert len(serving.export.knowledge.questions) < len(view.questions)


def test_candidate_without_a_head_is_asked_questions_left_out_of_the_index(shop: Shop) -> None:
    made = shop.make("small", shop_knowledge(frames=1))
    judgement = judge_release(made.folders, made.folders, made.export, models_dir=shop.models_dir)
    assert judgement.asked is not None
    assert judgement.asked.rows.kind == "left out"
    assert refusals(judgement) == {}


@pytest.mark.slow
def test_tuned_candidate_passes(
    shop: Shop, tiny_bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its encoder was exported anew, with a second output: tokenizer and weights are looked at all the same."""
    export = shop.export("tuned", shop_knowledge(chinese=False))
    releases = []
    for name, backbone in (("plain", None), ("tuned", tiny_backbone())):
        monkeypatch.setattr(training.checkpoints, "backbone_to_tune", lambda *_, made=backbone, **__: made)
        train_checkpoint(export, tmp_path / name, encoder_folder=tiny_bert_folder, settings=SETTINGS)
        releases.append(shop.index(f"bert-{name}", tmp_path / name, export.knowledge))
    judgement = judge_release(releases[1], releases[0], export, models_dir=tiny_bert_folder.parent)
    assert judgement.candidate is not None
    assert judgement.candidate.checkpoint.manifest.meta["tuned"]
    said = {check.name: check for check in judgement.checks}
    assert said["tokenizer"].figures == {"compared": True}
    assert said["tokenizer"].passed
    assert said["weights"].passed
    assert said["vectors"].passed
    assert said["head"].passed


SOUND: dict[str, Callable[[Shop], Made]] = {
    "nothing kept back": lambda shop: shop.make(
        "unfenced", shop_knowledge(), settings=replace(SETTINGS, fence=False)
    ),
    "two answers retired": lambda shop: shop.make("retired", shop_knowledge(answers=12)),
    "no answer texts": lambda shop: shop.make("bare", Knowledge(shop_knowledge().questions)),
    "Chinese taken out": lambda shop: shop.make("english", shop_knowledge(chinese=False)),
    "other seed": lambda shop: shop.make("seed1", shop_knowledge(), settings=replace(SETTINGS, seed=1)),
    "yet another seed": lambda shop: shop.make("seed2", shop_knowledge(), settings=replace(SETTINGS, seed=2)),
    "more error tolerated": lambda shop: shop.make(
        "lax", shop_knowledge(), settings=replace(SETTINGS, target_error=0.2)
    ),
    "more unknown questions expected": lambda shop: shop.make(
        "wary", shop_knowledge(), settings=replace(SETTINGS, unknown_share=0.4)
    ),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if place > 0 else ()) for place, name in enumerate(SOUND)],
)
def test_sound_candidate_passes(name: str, serving: Made, shop: Shop) -> None:
    made = SOUND[name](shop)
    judgement = judge_release(made.folders, serving.folders, made.export, models_dir=shop.models_dir)
    assert refusals(judgement) == {}
