"""Everything that tuning changes as it goes, so that it can be stopped after any epoch and go on to the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from retrieval.artifacts import JsonValue
from training.work_folder import Part

TOP, MOMENT = "top.", "moment."


@dataclass(frozen=True, slots=True)
class TuningState:
    """The parts of a running `tune`; they are changed in place."""

    top: nn.ModuleList
    head: nn.Parameter
    bias: nn.Parameter
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LambdaLR
    random: np.random.Generator
    losses: list[float] = field(default_factory=list)

    def take_step(self, loss: torch.Tensor) -> None:
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
        if len(self.top):
            nn.utils.clip_grad_norm_(self.top.parameters(), 1.0)
        self.optimizer.step()
        self.schedule.step()
        self.losses.append(float(loss.detach()))

    def keep(self, part: Part, settings: Mapping[str, JsonValue]) -> None:
        """After an epoch; the number of losses tells how many steps were made."""
        part.keep(
            self._tensors(),
            step=len(self.losses),
            facts={"settings": settings, "random": _plain(self.random.bit_generator.state)},
        )

    def resume(self, part: Part, settings: Mapping[str, JsonValue]) -> int:
        """Puts everything back as it was kept; returns the number of steps already made, 0 where nothing fits."""
        kept = part.find()
        if kept is None or kept.facts["settings"] != settings:
            return 0
        found = {name: torch.tensor(array) for name, array in kept.tensors.items()}
        if found.keys() != self._tensors().keys() | _moment_names(self._parameters()):
            return 0
        self.top.load_state_dict(
            {name.removeprefix(TOP): tensor for name, tensor in found.items() if name.startswith(TOP)}
        )
        with torch.no_grad():
            self.head.copy_(found["head"])
            self.bias.copy_(found["bias"])
        for number, parameter in enumerate(self._parameters()):
            self.optimizer.state[parameter] = {
                each: found[f"{MOMENT}{number}.{each}"] for each in ("step", "exp_avg", "exp_avg_sq")
            }
        torch.set_rng_state(found["torch_random"])
        self.random.bit_generator.state = kept.facts["random"]
        self.losses.extend(found["losses"].tolist())
        self._reschedule(len(self.losses))
        return len(self.losses)

    def _parameters(self) -> list[nn.Parameter]:
        return [each for group in self.optimizer.param_groups for each in group["params"]]

    def _tensors(self) -> dict[str, NDArray[Any]]:
        tensors = {f"{TOP}{name}": tensor.numpy() for name, tensor in self.top.state_dict().items()}
        tensors |= {"head": self.head.detach().numpy(), "bias": self.bias.detach().numpy()}
        for number, parameter in enumerate(self._parameters()):
            for name, tensor in self.optimizer.state[parameter].items():
                tensors[f"{MOMENT}{number}.{name}"] = tensor.numpy()
        return tensors | {"torch_random": torch.get_rng_state().numpy(), "losses": np.array(self.losses)}

    def _reschedule(self, step: int) -> None:
        self.schedule.load_state_dict(
            self.schedule.state_dict() | {"last_epoch": step, "_step_count": step + 1}
        )
        rates = zip(self.schedule.base_lrs, self.schedule.lr_lambdas, strict=True)
        for group, (base, slope) in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = base * slope(step)


def _moment_names(parameters: list[nn.Parameter]) -> set[str]:
    return {
        f"{MOMENT}{number}.{each}"
        for number in range(len(parameters))
        for each in ("step", "exp_avg", "exp_avg_sq")
    }


def _plain(state: Mapping[str, Any]) -> dict[str, JsonValue]:
    """The state of PCG64 holds nothing but words and whole numbers."""
    return {name: _plain(value) if isinstance(value, Mapping) else value for name, value in state.items()}
