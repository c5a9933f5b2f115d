"""Tuning on a tiny BERT: what it learns, what it leaves alone, and that the same seed gives the same numbers."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from retrieval.encoder import OnnxEncoder
from tests.fixtures.fakes import HashEncoder
from tests.fixtures.tiny_bert import tiny_backbone
from training.encoder_tuning import FrozenTrunk, LayeredTrunk, Trunk, TuningSettings, split_layer, tune
from training.errors import TrainingError
from training.onnx_export import export_encoder

TEXTS = ["where is my order", "my order ?", "order where", "refund my card", "card refund ?", "refund"]
LABELS = np.array([0, 0, 0, 1, 1, 1], np.int64)
SETTINGS = TuningSettings(epochs=30, learning_rate=1e-2, batch=4)


def frozen(trunk: Trunk) -> NDArray[np.float32]:
    return trunk.vectors(trunk.states(TEXTS), trunk.fresh_top(dropout=0.1))


def test_tuning_tells_the_answers_apart() -> None:
    trunk = LayeredTrunk(tiny_backbone())
    states = trunk.states(TEXTS)
    top = tune(trunk, states, frozen(trunk), LABELS, settings=SETTINGS)
    logits = trunk.vectors(states, top.layers) @ top.weights.T + top.biases
    assert logits.argmax(axis=1).tolist() == LABELS.tolist()
    assert top.losses[-1] < 0.05 < top.losses[0]
    assert len(top.losses) == 30


def test_an_answer_starts_as_the_mean_of_its_questions() -> None:
    trunk = LayeredTrunk(tiny_backbone())
    still = TuningSettings(epochs=1, learning_rate=0.0, head_learning_rate=0.0)
    vectors = np.eye(6, trunk.states(TEXTS)[0].shape[1], dtype=np.float32)
    counted = np.array([1, 1, 1, 2, 1, 0], np.float32)
    top = tune(trunk, trunk.states(TEXTS), vectors, LABELS, settings=still, weights=counted)
    wanted = np.zeros_like(top.weights)
    wanted[0, :3] = 16 / 3**0.5
    wanted[1, 3:5] = 32 / 5**0.5, 16 / 5**0.5
    np.testing.assert_allclose(top.weights, wanted, atol=1e-5)


def test_backbone_itself_is_left_as_it_is() -> None:
    backbone = tiny_backbone()
    before = {name: tensor.clone() for name, tensor in backbone.model.state_dict().items()}
    trunk = LayeredTrunk(backbone)
    tune(trunk, trunk.states(TEXTS), frozen(trunk), LABELS, settings=SETTINGS)
    for name, tensor in backbone.model.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)


def test_same_seed_gives_the_same_numbers_and_another_seed_others() -> None:
    trunk = LayeredTrunk(tiny_backbone())
    states = trunk.states(TEXTS)
    first, second = (tune(trunk, states, frozen(trunk), LABELS, settings=SETTINGS) for _ in range(2))
    settings = TuningSettings(epochs=30, learning_rate=1e-2, batch=4, seed=1)
    other = tune(trunk, states, frozen(trunk), LABELS, settings=settings)
    np.testing.assert_array_equal(first.weights, second.weights)
    assert first.losses == second.losses != other.losses


def test_untrained_top_gives_what_the_backbone_gives() -> None:
    """States of the lower layers, padded and in another order, lead to the vectors of the whole model."""
    backbone = tiny_backbone()
    trunk = LayeredTrunk(backbone)
    found = trunk.vectors(trunk.states(TEXTS), trunk.fresh_top(dropout=0.1))
    for text, row in zip(TEXTS, found, strict=True):
        ids = backbone.tokenizer.encode(backbone.query_prefix + text).ids
        with torch.no_grad():
            mean = backbone.model(input_ids=torch.tensor([ids])).last_hidden_state[0].mean(0)
        np.testing.assert_allclose(row, (mean / mean.norm()).numpy(), atol=1e-5)


@pytest.mark.parametrize(("layers", "kept"), [(2, 0), (6, 3), (12, 8), (24, 16)])
def test_a_third_of_the_layers_is_trained_and_at_least_three(layers: int, kept: int) -> None:
    assert split_layer(layers) == kept


def test_denormal_numbers_are_there_again_after_training() -> None:
    trunk = FrozenTrunk(HashEncoder())
    tune(trunk, trunk.states(TEXTS), frozen(trunk), LABELS, settings=TuningSettings(epochs=1))
    assert (torch.tensor(1e-38) / 10).item() > 0


def test_head_alone_is_trained_on_the_vectors_of_any_encoder() -> None:
    trunk = FrozenTrunk(HashEncoder())
    states = trunk.states(TEXTS)
    top = tune(trunk, states, frozen(trunk), LABELS, settings=TuningSettings(epochs=30))
    vectors = HashEncoder().encode_queries(TEXTS)
    assert (vectors @ top.weights.T + top.biases).argmax(axis=1).tolist() == LABELS.tolist()
    assert len(list(top.layers.parameters())) == 0


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 0], "1 answers of 1 have questions"),
        ([0, 2], "2 answers of 3 have questions"),
        ([], "0 answers of 0"),
    ],
)
def test_labels_that_cannot_be_learned_are_refused(labels: list[int], message: str) -> None:
    trunk = FrozenTrunk(HashEncoder())
    states = trunk.states(TEXTS[: len(labels)])
    with pytest.raises(TrainingError, match=message):
        tune(trunk, states, frozen(trunk)[: len(labels)], np.array(labels, np.int64), settings=SETTINGS)


@pytest.mark.parametrize(("precision", "least"), [("fp32", 0.9999), ("int8", 0.97)])
def test_exported_graph_gives_the_frozen_and_the_tuned_vector(
    tmp_path_factory: pytest.TempPathFactory, precision: str, least: float
) -> None:
    backbone = tiny_backbone()
    trunk = LayeredTrunk(backbone)
    states = trunk.states(TEXTS)
    top = tune(trunk, states, frozen(trunk), LABELS, settings=SETTINGS)
    folder = tmp_path_factory.mktemp("tuned")
    export_encoder(backbone, folder / "tuned", top=top.layers, precision=precision)
    export_encoder(backbone, folder / "plain", precision=precision)
    tuned, plain = OnnxEncoder.load(folder / "tuned"), OnnxEncoder.load(folder / "plain")
    found = tuned.encode_messages(TEXTS)
    assert (found.tuned * trunk.vectors(states, top.layers)).sum(axis=1).min() > least
    np.testing.assert_allclose(found.embeddings, plain.encode_queries(TEXTS), atol=1e-5)
    np.testing.assert_allclose(tuned.encode_queries(TEXTS[:1]), found.embeddings[:1], atol=1e-5)
    np.testing.assert_array_equal(plain.encode_messages(TEXTS).tuned, plain.encode_queries(TEXTS))
