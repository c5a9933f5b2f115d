"""Figures of merit. Every function takes plain rows, one per message; a message without a right answer is never right.

"By falling confidence" always means whole runs of equal confidence, since a cut-off cannot part them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Selective:
    """What a chosen cut-off gave: share of all messages answered, share of wrong among the answered."""

    coverage: float
    error: float


def recall_at_1(ranked: Sequence[Sequence[str]], right: Sequence[Collection[str]]) -> float:
    """Share of messages whose first answer is one of the right ones."""
    hits = [bool(answers) and answers[0] in wanted for answers, wanted in zip(ranked, right, strict=True)]
    return _mean(hits)


def mrr(ranked: Sequence[Sequence[str]], right: Sequence[Collection[str]]) -> float:
    """Mean of 1 / rank of the first right answer, 0 where none is listed."""
    reciprocal = [
        next((1 / rank for rank, answer in enumerate(answers, start=1) if answer in wanted), 0.0)
        for answers, wanted in zip(ranked, right, strict=True)
    ]
    return _mean(reciprocal)


def accuracy(guesses: Sequence[str], labels: Sequence[str]) -> float:
    """Share of guesses that equal their label."""
    return _mean([guess == label for guess, label in zip(guesses, labels, strict=True)])


def macro_f1(guesses: Sequence[str], labels: Sequence[str]) -> float:
    """Unweighted mean of F1 over all classes that are guessed or labelled (as scikit-learn's macro average)."""
    pairs = list(zip(guesses, labels, strict=True))
    scores = []
    for name in sorted({*guesses, *labels}):
        both = sum(guess == label == name for guess, label in pairs)
        either = sum((guess == name) + (label == name) for guess, label in pairs)
        scores.append(2 * both / either)
    return _mean(scores)


def auroc(values: ArrayLike, positive: ArrayLike) -> float:
    """Chance that a positive row has a higher value than a negative one, ties counting half (Mann and Whitney 1947).

    NaN when one of the two kinds is missing.
    """
    numbers, marks = np.asarray(values, np.float64), np.asarray(positive, bool)
    count = int(marks.sum())
    if count in (0, len(marks)):
        return float("nan")
    _, places, sizes = np.unique(numbers, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[places]  # (n,) mid-ranks from 1
    return float((ranks[marks].sum() - count * (count + 1) / 2) / (count * (len(marks) - count)))


def ece(confidences: ArrayLike, right: ArrayLike, *, bins: int = 15) -> float:
    """Expected calibration error over equal-width bins (Guo et al. 2017, arXiv:1706.04599, equation 3).

    Bin b holds confidences in (b / bins, (b + 1) / bins]; 0 belongs to the first.
    """
    chances, hits = np.asarray(confidences, np.float64), np.asarray(right, np.float64)
    if not len(chances):
        return float("nan")
    places = np.clip(np.ceil(chances * bins).astype(np.intp) - 1, 0, bins - 1)
    gaps = np.bincount(places, chances - hits, minlength=bins)  # (bins,) count * (confidence - accuracy)
    return float(np.abs(gaps).sum() / len(chances))


def brier(confidences: ArrayLike, right: ArrayLike) -> float:
    """Mean squared difference of confidence and outcome (Brier 1950)."""
    chances, hits = np.asarray(confidences, np.float64), np.asarray(right, np.float64)
    return _mean(np.square(chances - hits).tolist())


def coverage_at_error(confidences: ArrayLike, right: ArrayLike, error: float) -> float:
    """In hindsight: the longest prefix by falling confidence whose share of wrong is at most `error`, over all rows."""
    chances, hits = np.asarray(confidences, np.float64), np.asarray(right, bool)
    if not len(chances):
        return float("nan")
    order = np.argsort(-chances, kind="stable")
    ranked = chances[order]
    sizes = np.arange(1, len(ranked) + 1)
    kept = np.cumsum(~hits[order]) <= error * sizes + 1e-9  # 3 wrong of 30 are 10 % in spite of rounding
    kept &= np.append(ranked[:-1] != ranked[1:], True)
    return float(sizes[kept].max(initial=0) / len(ranked))


def selective(answered: ArrayLike, right: ArrayLike) -> Selective:
    """Coverage and error of what was answered; the error of nothing answered is 0."""
    given, hits = np.asarray(answered, bool), np.asarray(right, bool)
    wrong = int((given & ~hits).sum())
    return Selective(coverage=_mean(given.tolist()), error=wrong / max(int(given.sum()), 1))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if len(values) else float("nan")
