"""Has the traffic changed since a release began to speak? Told from the confidences alone, without anybody's verdict.

The first ``WINDOW`` conversations are the reference; each later window of as many is compared with it once. What is looked at is
how far the distribution has moved down (Kolmogorov and Smirnov, one-sided): messages of which the release is less sure. Two windows
of n ≥ 458 alike draws differ by d with a chance of at most 2 exp(−n d²) (Wei and Dudley 2012, "Two-sample Dvoretzky–Kiefer–Wolfowitz
inequalities", Statistics & Probability Letters 82). Window k is tested with α 6/(π² k²), which sums to α over all of them. A
conversation counts with its first question, since the later ones depend on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi, sqrt

import numpy as np
from numpy.typing import NDArray

WINDOW = 500
LEAST_MOVE = 0.1
"""What is smaller calls for no training, however sure it is."""


@dataclass(frozen=True)
class Drift:
    """``moved`` is the largest difference of the newest whole window; ``threshold`` is what chance explains at most."""

    window: int
    moved: float
    threshold: float

    @property
    def has_moved(self) -> bool:
        return self.moved >= self.threshold


def drift_between(
    reference: Sequence[float] | NDArray[np.float64],
    newest: Sequence[float] | NDArray[np.float64],
    *,
    window: int,
    alpha: float,
) -> Drift:
    """``newest`` is the ``window``-th whole one after the reference."""
    moved = moved_down(np.asarray(reference, np.float64), np.asarray(newest, np.float64))
    level = alpha * 6 / (pi * window) ** 2
    return Drift(window, moved, max(LEAST_MOVE, sqrt(log(2 / level) / WINDOW)))


def moved_down(reference: NDArray[np.float64], later: NDArray[np.float64]) -> float:
    """The largest excess of the later distribution function over the reference's."""
    points = np.concatenate([reference, later])
    shares = [np.searchsorted(np.sort(each), points, side="right") / len(each) for each in (later, reference)]
    return max(0.0, float((shares[0] - shares[1]).max()))
