"""The report's curves, from (n,) confidences, outcomes and weights; weights are shares of all messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from training.report.verdicts import Flags, Floats

BINS = 10
BARS = 20
MOST_POINTS = 150  # of a curve; more can't be seen
Z = 1.96  # two-sided 95 %


@dataclass(frozen=True, slots=True)
class Bin:
    """Messages with a confidence in (low, high]; 0 belongs to the first bin.

    Attributes:
        count: held-out questions.
        confidence, right: their mean confidence and the share of right ones.
        least, most: 95 % interval of that share (Wilson 1927), for as many questions as the weighted ones are worth.
    """

    low: float
    high: float
    count: int
    share: float
    confidence: float
    right: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Point:
    """What answering at `confidence` and above gives: share of all messages answered, share of wrong among these."""

    confidence: float
    coverage: float
    error: float


@dataclass(frozen=True, slots=True)
class Bar:
    """Share of all messages with a confidence in (low, high], by what they turned out to be."""

    low: float
    high: float
    right: float
    wrong: float
    unknown: float


@dataclass(frozen=True, slots=True)
class Curves:
    """Of one language, or of everything: is the confidence true, and what does each cut-off give."""

    language: str
    error: float
    bins: tuple[Bin, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class MethodRow:
    """A method on all held-out questions.

    Attributes:
        right_first: of the known questions.
        known_auroc: chance that a known question makes it surer than an unknown one; None without unknown ones.
        hindsight: the most messages answered at the tolerated error, had the cut-off been chosen with the labels.
    """

    name: str
    right_first: float
    known_auroc: float | None
    hindsight: float
    curve: tuple[Point, ...]


def reliability(confidence: Floats, right: Flags, weights: Floats) -> tuple[Bin, ...]:
    """Bins of equal width, empty ones left out."""
    places = _places(confidence, BINS)
    return tuple(
        _bin(place, confidence[rows], right[rows], weights[rows])
        for place in range(BINS)
        if (rows := places == place).any()
    )


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error over these bins (Guo et al. 2017, arXiv:1706.04599, equation 3)."""
    return sum(each.share * abs(each.confidence - each.right) for each in bins)


def risk_coverage(confidence: Floats, right: Flags, weights: Floats) -> tuple[Point, ...]:
    """A point for each cut-off that parts messages, by falling confidence; at most MOST_POINTS, spread evenly."""
    if not len(confidence):
        return ()
    order = np.argsort(-confidence, kind="stable")
    ranked, coverage = confidence[order], np.cumsum(weights[order])
    error = np.cumsum(weights[order] * ~right[order]) / np.maximum(coverage, 1e-12)
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    if len(ends) > MOST_POINTS:
        ends = ends[np.linspace(0, len(ends) - 1, MOST_POINTS).astype(np.intp)]
    return tuple(Point(float(ranked[end]), float(coverage[end]), float(error[end])) for end in ends)


def hindsight(confidence: Floats, right: Flags, weights: Floats, *, error: float) -> float:
    """The most that could have been answered at `error` had the cut-off been chosen with the labels."""
    if not len(confidence):
        return 0.0
    order = np.argsort(-confidence, kind="stable")
    ranked, coverage = confidence[order], np.cumsum(weights[order])
    kept = np.cumsum(weights[order] * ~right[order]) <= error * coverage + 1e-9
    kept &= np.append(ranked[:-1] != ranked[1:], True)
    return float(coverage[kept].max(initial=0.0))


def spread(confidence: Floats, right: Flags, known: Flags, weights: Floats) -> tuple[Bar, ...]:
    """How the confidences lie, of questions answered rightly, wrongly, and of those without an answer."""
    places = _places(confidence, BARS)
    sums = [
        np.bincount(places, weights * kind, minlength=BARS).tolist()
        for kind in (known & right, known & ~right, ~known)
    ]
    return tuple(
        Bar(place / BARS, (place + 1) / BARS, *parts) for place, parts in enumerate(zip(*sums, strict=True))
    )


def _places(confidence: Floats, bins: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    # Rounded, since 0.3 * 10 is 3.0000000000000004 at times.
    return np.clip(np.ceil(np.round(confidence * bins, 9)).astype(np.intp) - 1, 0, bins - 1)


def _bin(place: int, confidence: Floats, right: Flags, weights: Floats) -> Bin:
    share = float(weights.sum())
    hit = float(weights @ right) / share
    least, most = _wilson(hit, share**2 / float(weights @ weights))
    return Bin(
        low=place / BINS,
        high=(place + 1) / BINS,
        count=len(weights),
        share=share,
        confidence=float(weights @ confidence) / share,
        right=hit,
        least=least,
        most=most,
    )


def _wilson(share: float, count: float) -> tuple[float, float]:
    middle = (share + Z**2 / (2 * count)) / (1 + Z**2 / count)
    half = Z * sqrt(share * (1 - share) / count + Z**2 / (4 * count**2)) / (1 + Z**2 / count)
    return max(middle - half, 0.0), min(middle + half, 1.0)
