"""Two bots asked the same messages: how much better one is, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from retrieval.cutoffs import binomial_tail
from training.evaluation.pipeline import Reply
from training.evaluation.scoring import first_is_right

RESAMPLES = 10_000


def hits_of(replies: Sequence[Reply], right: Sequence[frozenset[str]]) -> list[bool]:
    """Whether each first answer is right, by message."""
    return first_is_right([reply.answers for reply in replies], right)


def paired_figures(before: ArrayLike, after: ArrayLike, *, seed: int = 0) -> dict[str, float]:
    """By how much `after` is right more often, with a 95 % interval by paired bootstrap and the chance of McNemar's exact test.

    A resample of rows is a draw of how many of them are won, lost or neither, so that is what is drawn.
    """
    old, new = np.asarray(before, bool), np.asarray(after, bool)
    count, won, lost = len(old), int((~old & new).sum()), int((old & ~new).sum())
    shares = np.array([won, lost, count - won - lost]) / count
    draws = np.random.default_rng(seed).multinomial(count, shares, size=RESAMPLES)
    low, high = np.quantile((draws[:, 0] - draws[:, 1]) / count, [0.025, 0.975])
    return {
        "difference": (won - lost) / count,
        "difference_low": float(low),
        "difference_high": float(high),
        "chance": chance_of_such_a_difference(won, lost),
    }


def chance_of_such_a_difference(won: int, lost: int) -> float:
    """P(a difference as large | both equally good), two-sided: McNemar's exact test (Psychometrika 12, 1947)."""
    return min(1.0, 2.0 * binomial_tail(min(won, lost), won + lost, 0.5)) if won + lost else 1.0
