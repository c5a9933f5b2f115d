import pytest
import torch

from tests.fixtures.tiny_bert import tiny_backbone
from training.low_rank import LowRankLinear, add_factors, insert_low_rank, trained_factors


def test_low_rank_layer_adds_up_times_down() -> None:
    """W = I, A = (1, 2), B = (3, 0)': x = (1, 1) gives (1, 1) + (3, 0) * 3 = (10, 1)."""
    frozen = torch.nn.Linear(2, 2, bias=False)
    frozen.weight.data = torch.eye(2)
    layer = LowRankLinear(frozen, rank=1, random=torch.Generator().manual_seed(0))
    torch.testing.assert_close(layer(torch.ones(2)), torch.ones(2))  # begins at the frozen layer
    layer.down.data, layer.up.data = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [0.0]])
    torch.testing.assert_close(layer(torch.ones(2)), torch.tensor([10.0, 1.0]))


def test_added_factors_give_what_the_trained_layers_gave() -> None:
    ids = torch.tensor([[3, 5, 7]])
    model, fresh = tiny_backbone().model, tiny_backbone().model
    before = model(input_ids=ids)[0]
    parameters = insert_low_rank(model, rank=2, first_layer=1, seed=0)
    for each in parameters:
        each.data += 0.1
    trained = model(input_ids=ids)[0]
    factors = trained_factors(model)
    assert all(path.startswith("encoder.layer.1.") for path in factors)
    assert (
        len(parameters) == 2 * len(factors) == 12
    )  # query, key, value, output, and two of the feed-forward part
    assert (trained - before).abs().max() > 0.01
    add_factors(fresh, factors)
    torch.testing.assert_close(fresh(input_ids=ids)[0], trained, atol=1e-5, rtol=1e-4)


def test_half_of_the_strength_adds_half() -> None:
    model, half = torch.nn.Sequential(torch.nn.Linear(2, 1)), torch.nn.Sequential(torch.nn.Linear(2, 1))
    model[0].weight.data, half[0].weight.data = torch.zeros(1, 2), torch.zeros(1, 2)
    factors = {"0": (torch.tensor([[1.0, -2.0]]), torch.tensor([[4.0]]))}
    add_factors(model, factors)
    add_factors(half, factors, strength=0.5)
    assert model[0].weight.tolist() == [[4.0, -8.0]]
    assert half[0].weight.tolist() == [[2.0, -4.0]]


def test_factors_of_another_model_are_refused() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 1))
    with pytest.raises(ValueError, match=r"0 is not a linear layer of the shape \(1, 3\)"):
        add_factors(model, {"0": (torch.ones(1, 3), torch.ones(1, 1))})
    with pytest.raises(KeyError):
        add_factors(model, {"7": (torch.ones(1, 2), torch.ones(1, 1))})
