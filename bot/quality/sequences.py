"""Is more wrong than was promised? Answered in a way that stays valid however often one looks.

Row i was expected to be wrong with a chance of at most q_i. For every θ > 1 the product of the likelihood ratios of "the odds of being
wrong are θ times as high", that is θ/(1 − q_i + θ q_i) for a wrong row and 1/(1 − q_i + θ q_i) for a right one, is a nonnegative
supermartingale that starts at 1 as long as the expectation holds, whatever came before; so is a mixture over θ. By Ville's
inequality (1939) it ever reaches 1/α with a chance of at most α. Compare Henzi and Ziegel 2022, "Valid sequential inference on
probability forecast performance", Biometrika 109(3), and Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by
betting", JRSS B 86(1).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_ODDS, MOST_ODDS, GRID = 1.1, 60.0, 40
STEPS = 40
SURE = 1e-3
"""No row is expected to be wrong with a smaller chance: a confidence of 1 would be refuted by one row."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bounds:
    """Of a share; both hold at all times at once with the given chance of error each."""

    share: float | None
    lower: float
    upper: float


def log_evidence(expected: Sequence[float] | Floats, wrong: Sequence[bool] | NDArray[np.bool_]) -> float:
    """That more is wrong than ``expected``, the chances of each row; to be compared with log(1/α)."""
    chances = np.clip(np.asarray(expected, np.float64), SURE, 1 - SURE)  # (n,)
    odds = np.geomspace(LEAST_ODDS, MOST_ODDS, GRID)  # (g,)
    grown = np.log1p(np.multiply.outer(chances, odds - 1)).sum(axis=0)  # (g,) of 1 − q + θ q
    exponents = np.sum(np.asarray(wrong, bool)) * np.log(odds) - grown
    highest = float(exponents.max())
    return highest + float(np.log(np.exp(exponents - highest).mean()))


def share_bounds(wrong: int, count: int, *, alpha: float) -> Bounds:
    """The shares that are not refuted: a confidence sequence, each side with a chance of error of ``alpha``."""
    if count == 0:
        return Bounds(None, 0.0, 1.0)
    return Bounds(
        wrong / count,
        _lower(wrong, count, alpha=alpha),
        1.0 - _lower(count - wrong, count, alpha=alpha),
    )


def _lower(wrong: int, count: int, *, alpha: float) -> float:
    """The lowest share that is not refuted from above, by bisection."""
    flags = np.arange(count) < wrong
    low, high = 0.0, wrong / count
    for _ in range(STEPS):
        middle = (low + high) / 2
        refuted = log_evidence(np.full(count, middle), flags) >= -np.log(alpha)
        low, high = (middle, high) if refuted else (low, middle)
    return low
