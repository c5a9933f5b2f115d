"""The direction between languages is gone, everything else stays; worked by hand in three dimensions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from retrieval.encoder import OnnxEncoder
from tests.fixtures.tiny_bert import tiny_backbone
from training.encoder_tuning import LayeredTrunk, TuningSettings, tune
from training.neutral import Neutral, neutraliser
from training.onnx_export import export_encoder

# Two topics (first axis), two languages (third axis), something that all texts share (second axis).
ENGLISH = np.array([[0.6, 0.5, 0.3], [-0.6, 0.5, 0.3]], np.float32)
CHINESE = np.array([[0.6, 0.5, -0.3], [-0.6, 0.5, -0.3]], np.float32)


def test_mean_and_direction_are_those_of_the_languages() -> None:
    found = Neutral.of([(ENGLISH, CHINESE)])
    np.testing.assert_allclose(found.mean, [0, 0.5, 0], atol=1e-6)
    np.testing.assert_allclose(np.abs(found.directions), [[0, 0, 1]], atol=1e-6)


def test_translations_become_equal_and_topics_stay_apart() -> None:
    layer = neutraliser(Neutral.of([(ENGLISH, CHINESE)]))
    english, chinese = layer(torch.from_numpy(ENGLISH)), layer(torch.from_numpy(CHINESE))
    torch.testing.assert_close(english, chinese)
    torch.testing.assert_close(english, torch.tensor([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]))


def test_each_kind_of_text_has_a_direction_of_its_own_and_they_are_orthonormal() -> None:
    turned = ENGLISH[:, [0, 2, 1]], CHINESE[:, [0, 2, 1]]  # passages whose language lies on the second axis
    found = Neutral.of([(ENGLISH, CHINESE), turned])
    np.testing.assert_allclose(found.directions @ found.directions.T, np.eye(2), atol=1e-6)
    np.testing.assert_allclose(found.directions[:, 0], [0, 0], atol=1e-6)


def test_nothing_is_taken_away_from_an_encoder_without_one() -> None:
    rows = torch.from_numpy(ENGLISH)
    assert neutraliser(None)(rows) is rows


@pytest.mark.parametrize("tuned", [False, True])
def test_exported_graph_takes_the_same_away(tmp_path: Path, tuned: bool) -> None:
    texts = ["where is my order", "my order ?", "refund my card", "card refund ?"]
    random = np.random.default_rng(0)
    kinds = [(random.standard_normal((5, 16)).astype(np.float32) / 8 for _ in range(2))]
    neutral = Neutral.of([tuple(pair) for pair in kinds])  # type: ignore[misc]  # two of them
    plain = tiny_backbone()
    backbone = replace(plain, neutral=neutral)
    top = None
    if tuned:
        trunk = LayeredTrunk(backbone)
        states = trunk.states(texts)
        labels = np.array([0, 0, 1, 1], np.int64)
        vectors = trunk.vectors(states, trunk.fresh_top(dropout=0.1))
        top = tune(trunk, states, vectors, labels, settings=TuningSettings(epochs=2)).layers
    export_encoder(backbone, tmp_path / "neutral", top=top)
    export_encoder(plain, tmp_path / "plain")
    found = OnnxEncoder.load(tmp_path / "neutral").encode_messages(texts)
    before = torch.from_numpy(OnnxEncoder.load(tmp_path / "plain").encode_queries(texts))
    np.testing.assert_allclose(found.embeddings, neutraliser(neutral)(before).numpy(), atol=1e-5)
    if top is not None:
        np.testing.assert_allclose(found.tuned, trunk.vectors(states, top), atol=1e-5)
