"""Tests on paired rows. `lost` counts rows that the serving release has right and the candidate wrong, `won` the others.

One-sided throughout: being better is never a reason to refuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from retrieval.cutoffs import binomial_tail, error_bound

LEVEL = 0.05
_DRAWS = 2000
_ONE_SIDED = 1.6448536269514722  # normal quantile at 0.95
_TWO_SIDED = 1.959963984540054  # at 0.975


def chance_of_loss(lost: int, won: int) -> float:
    """P(so many lost rows or more | both equally good): McNemar's exact test (Psychometrika 12, 1947)."""
    return binomial_tail(won, lost + won, 0.5) if lost else 1.0


def chance_of_agreement(
    given: NDArray[np.intp], wanted: NDArray[np.intp], random: np.random.Generator
) -> float:
    """P(shuffled labels agree as often or more): a permutation test of two columns (n,) of labels."""
    shuffled = random.permuted(np.tile(wanted, (_DRAWS, 1)), axis=1)  # (draws, n)
    agreeing = (shuffled == given).sum(axis=1)
    return float((1 + (agreeing >= (given == wanted).sum()).sum()) / (1 + _DRAWS))


def holm(chances: Sequence[float]) -> list[float]:
    """Adjusted for as many tests (Holm, Scandinavian Journal of Statistics 6, 1979), in the order given.

    Refusing below 0.05 refuses a candidate that is nowhere worse with a chance of 5 % at most, however many tests there are.
    """
    adjusted = [1.0] * len(chances)
    largest = 0.0
    for place, row in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        largest = max(largest, min(1.0, (len(chances) - place) * chances[row]))
        adjusted[row] = largest
    return adjusted


def least_difference(lost: int, won: int, count: int) -> float:
    """Lower 95 % bound of candidate minus serving accuracy, one-sided (see `difference_interval`)."""
    return _score_bound(lost, won, count, _ONE_SIDED)


def difference_interval(lost: int, won: int, count: int) -> tuple[float, float]:
    """95 % interval of candidate minus serving accuracy: Tango's score interval (Statistics in Medicine 17, 1998).

    Unlike a bootstrap it says something where no row differs: 0 of 60 lost is no proof of equality.
    """
    return _score_bound(lost, won, count, _TWO_SIDED), -_score_bound(won, lost, count, _TWO_SIDED)


def error_at_least(errors: int, count: int, *, level: float = LEVEL) -> float:
    """Lower bound of a share (Clopper and Pearson, Biometrika 26, 1934), too high with a chance of `level` at most."""
    return 1.0 - error_bound(count - errors, count, level=level) if count else 0.0


def _score_bound(lost: int, won: int, count: int, quantile: float) -> float:
    """The difference below the observed one at which the score statistic reaches `quantile`."""
    if not count:
        return -1.0
    low, high = -1.0, (won - lost) / count
    for _ in range(60):
        middle = (low + high) / 2
        if _score(lost, won, count, middle) > quantile:
            low = middle
        else:
            high = middle
    return high


def _score(lost: int, won: int, count: int, difference: float) -> float:
    """Tango's equation 9: `won` and `lost` are his b and c."""
    linear = -won - lost + (2 * count - won + lost) * difference
    constant = -lost * difference * (1 - difference)
    share = (sqrt(max(linear**2 - 8 * count * constant, 0.0)) - linear) / (4 * count)
    variance = count * (2 * share + difference * (1 - difference))
    gap = won - lost - count * difference
    return gap / sqrt(variance) if variance > 1e-12 else (float("inf") if gap > 0 else 0.0)
