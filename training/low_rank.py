"""Low-rank changes of a backbone's weights: small enough to ship, added to the weights when the backbone is loaded.

Hu et al. 2021, "LoRA: low-rank adaptation of large language models", arXiv:2106.09685: a linear layer W x becomes
W x + B (A x) with A (r, in) and B (out, r), and only A and B are trained. Here added with half of their trained strength: between
the weights as they were and as they were trained lies what keeps both (Wortsman et al. 2022, "Robust fine-tuning of zero-shot
models", arXiv:2109.01903).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import torch
from torch import nn
from torch.nn import functional

Factors = Mapping[str, tuple[torch.Tensor, torch.Tensor]]
"""Path of a linear layer below the model -> A (r, in) and B (out, r)."""


class LowRankLinear(nn.Module):
    """A linear layer, left as it is, and a trainable low-rank addition that begins at 0."""

    def __init__(self, frozen: nn.Linear, *, rank: int, random: torch.Generator) -> None:
        super().__init__()
        self.frozen = frozen
        start = torch.randn(rank, frozen.in_features, generator=random) / math.sqrt(frozen.in_features)
        self.down = nn.Parameter(start)
        self.up = nn.Parameter(torch.zeros(frozen.out_features, rank))

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        moved = functional.linear(states, self.down.to(states.dtype))  # (…, r)
        added: torch.Tensor = self.frozen(states) + functional.linear(moved, self.up.to(states.dtype))
        return added


def insert_low_rank(model: nn.Module, *, rank: int, first_layer: int, seed: int) -> list[nn.Parameter]:
    """Puts a `LowRankLinear` around every linear layer from `first_layer` on; returns what is to be trained."""
    random = torch.Generator().manual_seed(seed)
    found: list[nn.Parameter] = []
    for parent, name, linear in list(_linears(model, first_layer)):
        wrapped = LowRankLinear(linear, rank=rank, random=random)
        setattr(parent, name, wrapped)
        found += [wrapped.down, wrapped.up]
    return found


def trained_factors(model: nn.Module) -> Factors:
    """What was trained, on the CPU, without gradients."""
    return {
        path: (module.down.detach().clone(), module.up.detach().clone())
        for path, module in model.named_modules()
        if isinstance(module, LowRankLinear)
    }


@torch.no_grad()
def add_factors(model: nn.Module, factors: Factors, *, strength: float = 1.0) -> None:
    """Adds strength * B A to the weights of the named linear layers.

    Raises:
        KeyError, ValueError: a layer is missing, or is of another size.
    """
    modules = dict(model.named_modules())
    for path, (down, up) in factors.items():
        linear = modules[path]
        change = strength * (up.float() @ down.float())  # (out, in)
        if not isinstance(linear, nn.Linear) or linear.weight.shape != change.shape:
            raise ValueError(f"{path} is not a linear layer of the shape {tuple(change.shape)}")
        linear.weight += change


def _linears(model: nn.Module, first_layer: int) -> Iterator[tuple[nn.Module, str, nn.Linear]]:
    layers = list(model.encoder.layer)  # type: ignore[union-attr, arg-type]  # untyped attributes
    for layer in layers[first_layer:]:
        for parent in layer.modules():
            for name, child in parent.named_children():
                if isinstance(child, nn.Linear):
                    yield parent, name, child
