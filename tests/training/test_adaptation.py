"""Adapting a tiny BERT on two topics, and the files that adaptations lie in."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

import training.adaptation
import training.backbones
from retrieval.models import BACKBONES
from tests.fixtures.tiny_bert import tiny_backbone
from training.__main__ import app
from training.adaptation import (
    Adaptation,
    AdaptationSettings,
    adapt,
    adaptation_file,
    adapted,
    corpus_neutral,
    read_adaptation,
    write_adaptation,
)
from training.backbones import Backbone, load_backbone
from training.corpus import Need
from training.errors import BackboneError
from training.neutral import Neutral

NEEDS = [
    Need(
        "shop",
        topic,
        name,
        {"en": [f"{name} {topic}", f"{topic} my {name} ?", f"{name} where"], "zh": ["卡 退", "退 卡"]},
        {"en": f"{topic} {name} here", "zh": "卡"},
    )
    for topic in ("order", "refund")
    for name in ("card", "where")
]
SETTINGS = AdaptationSettings(steps=30, first_layer=0, learning_rate=2e-2, topics=2, rank=4)


def test_adaptation_draws_phrasings_of_one_need_together_and_repeats_itself() -> None:
    losses: list[list[float]] = []
    found = []
    for _ in range(2):
        told: list[float] = []
        found.append(
            adapt(tiny_backbone(), NEEDS, SETTINGS, progress=lambda *step, told=told: told.append(step[2]))
        )
        losses.append(told)
    assert np.mean(losses[0][-6:]) < np.mean(losses[0][:6])
    assert losses[0] == losses[1]
    for path, (down, up) in found[0].factors.items():
        torch.testing.assert_close((down, up), found[1].factors[path], rtol=0, atol=0)


def test_adapted_backbone_has_other_weights_and_only_in_the_named_layers() -> None:
    found = adapt(tiny_backbone(), NEEDS, replace(SETTINGS, steps=3, first_layer=1))
    before, after = tiny_backbone(), adapted(tiny_backbone(), found)
    changed = {
        name
        for name, tensor in after.model.state_dict().items()
        if not torch.equal(tensor, before.model.state_dict()[name])
    }
    assert changed == {f"{path}.weight" for path in found.factors}
    assert {name.split(".")[2] for name in changed} == {"1"}


def test_written_adaptation_is_read_back_in_half_precision(tmp_path: Path) -> None:
    neutral = Neutral(np.full(4, 0.1, np.float32), np.eye(2, 4, dtype=np.float32))
    factors = {"encoder.layer.0.output.dense": (torch.full((1, 3), 0.1), torch.full((2, 1), 2.0))}
    file = tmp_path / "new" / "a.safetensors"
    write_adaptation(file, Adaptation(factors, neutral), meta={"seed": "0"})
    found = read_adaptation(file)
    down, up = found.factors["encoder.layer.0.output.dense"]
    assert down.shape == (1, 3)
    assert down.float().tolist()[0] == pytest.approx([0.1] * 3, abs=1e-4)
    assert up.tolist() == [[2.0], [2.0]]
    assert found.neutral is not None
    np.testing.assert_array_equal(found.neutral.mean, neutral.mean)
    np.testing.assert_array_equal(found.neutral.directions, neutral.directions)


def test_damaged_or_foreign_adaptation_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    for content in (None, b"no tensors"):
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(
            BackboneError, match=r"a\.safetensors is not a readable adaptation.*install Kefu again"
        ):
            read_adaptation(file)
    foreign = Adaptation({"encoder.layer.0.output.dense": (torch.ones(1, 3), torch.ones(5, 1))}, None)
    with pytest.raises(BackboneError, match="does not fit tiny-bert"):
        adapted(tiny_backbone(), foreign)


def test_neutral_of_the_corpus_takes_away_what_tells_the_language() -> None:
    """The phrasings' means of the two languages differ, and no more without the two directions."""
    backbone = tiny_backbone()
    neutral = corpus_neutral(backbone, NEEDS)
    apart = np.subtract(*(mean_of_phrasings(backbone, language) for language in ("en", "zh")))
    assert np.linalg.norm(apart) > 0.1
    np.testing.assert_allclose(apart - (apart @ neutral.directions.T) @ neutral.directions, 0, atol=1e-5)


def mean_of_phrasings(backbone: Backbone, language: str) -> np.ndarray:
    rows = []
    for need in NEEDS:
        for text in need.phrasings[language][:2]:
            ids = backbone.tokenizer.encode(backbone.query_prefix + text).ids
            with torch.no_grad():
                mean = backbone.model(input_ids=torch.tensor([ids]))[0][0].mean(0)
            rows.append((mean / mean.norm()).numpy())
    return np.mean(rows, axis=0)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny backbone and three steps instead of the real ones."""
    monkeypatch.setattr(training.backbones, "load_backbone", lambda *_, **__: tiny_backbone())
    monkeypatch.setattr(training.adaptation, "SETTINGS", {"english": replace(SETTINGS, steps=3)})


def run_adapt(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["adapt", *arguments])


def test_adapt_writes_what_a_backbone_can_take(quick: None, tmp_path: Path) -> None:
    (tmp_path / "shop.txt").write_text(
        "# order\n= where\ne where is it\ne order ?\nz 退\nz 款\nA here\nB 卡\n"
        "= refund\ne refund my card\ne card refund\nz 到账\nz 多久\nA card\nB 账\n",
        encoding="utf-8",
    )
    done = run_adapt("english", "--corpus", str(tmp_path), "--to", str(tmp_path / "a.safetensors"))
    assert done.exit_code == 0, done.output
    found = read_adaptation(tmp_path / "a.safetensors")
    assert found.neutral is None
    assert len(found.factors) == 12
    adapted(tiny_backbone(), found)


def test_adapt_refuses_unknown_roles_and_malformed_corpora(quick: None, tmp_path: Path) -> None:
    assert run_adapt("klingon").exit_code == 2
    (tmp_path / "shop.txt").write_text("what\n", encoding="utf-8")
    target = tmp_path / "a.safetensors"
    assert run_adapt("english", "--corpus", str(tmp_path), "--to", str(target)).exit_code == 1
    assert not target.exists()


@pytest.mark.model
@pytest.mark.parametrize("role", ["english", "multilingual"])
def test_shipped_adaptations_fit_and_change_the_vectors_a_little(role: str) -> None:
    ids = torch.tensor([load_backbone(role).tokenizer.encode("Where is my parcel?").ids])
    rows = []
    for plain in (True, False):
        backbone = load_backbone(role, plain=plain)
        with torch.no_grad():
            mean = backbone.model(input_ids=ids)[0][0].mean(0)
        rows.append((mean / mean.norm()).numpy())
    assert 0.5 < float(rows[0] @ rows[1]) < 0.999
    assert adaptation_file(BACKBONES[role]).stat().st_size < 3_000_000
