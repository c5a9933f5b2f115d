"""Simple rankings that the queue's (`retrieval.review_ranking`) is compared with: margin, with density and diversity or without. Pure.

*Margin* is one less the gap between the two best confidences (Settles 2009, "Active learning literature survey", section 3.1).
*Density* is how near the nearest other waiting utterances are (information density, section 3.4). *Diversity*: whole batches are labelled before
the next training, and the most uncertain utterances of a batch are often the same one in other words, so that once one is taken its
neighbours count less (Citovsky et al. 2021, "Batch active learning at scale", arXiv:2107.14263; Gissin and Shalev-Shwartz 2019,
"Discriminative active learning", arXiv:1907.06347). docs/recipe.md has what each gave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 10
"""Of which the density is the mean similarity."""
SHARPNESS = 4.0
"""Density counts by this power: cosines of waiting utterances lie close together."""
KIN = 0.6
"""Cosine from which a neighbour counts less once one is taken, down to nothing at 1."""
DISSENT_DOUBT = 0.5
"""Each voice against the reply halves the trust in its confidence."""
BLOCK = 1024  # rows compared at a time, so that memory stays flat

Floats = NDArray[np.float64]
Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An utterance that waits for a person's verdict.

    Attributes:
        vector: (d,) float32 unit row.
        confidence, second: of the two best answers, 0 where there is none.
        answer_at: the cut-off that the confidence met.
        asked: how often it came.
        support, dissent: voices of visitors for and against the answer that was given (`retrieval.trust`).
    """

    vector: Rows
    confidence: float
    second: float
    answer_at: float
    asked: int = 1
    support: float = 0.0
    dissent: float = 0.0


@dataclass(frozen=True, slots=True)
class RankingParts:
    """What counts beside uncertainty and traffic; switched off to measure what it gives."""

    density: bool = True
    diversity: bool = True


ALL_PARTS = RankingParts()


def rank(
    waiting: Sequence[Waiting], *, most: int | None = None, parts: RankingParts = ALL_PARTS
) -> list[int]:
    """Places in `waiting`, what to look at first in front; the same input gives the same order.

    Args:
        most: so many places are chosen with diversity, the others follow by what is left of their gain.
    """
    gains = np.array([uncertainty(each) * traffic(each) for each in waiting])
    return order_by_gain(gains, vectors_of(waiting), most=most, parts=parts)


def order_by_gain(
    gains: Floats, vectors: Rows, *, most: int | None = None, parts: RankingParts = ALL_PARTS
) -> list[int]:
    """As `rank`, for (n,) gains of whatever kind and (n, d) vectors."""
    if parts.density and len(gains):
        gains = gains * density(vectors)
    if not parts.diversity:
        return _falling(gains)
    wanted = len(gains) if most is None else min(most, len(gains))
    left = gains.copy()
    chosen: list[int] = []
    for _ in range(wanted):
        best = int(np.argmax(left))
        chosen.append(best)
        left *= 1.0 - kinship(vectors @ vectors[best])
        left[chosen] = -1.0
    taken = set(chosen)
    return chosen + [place for place in _falling(left) if place not in taken]


def uncertainty(waiting: Waiting) -> float:
    """From 0 to 1: the margin's complement, more where visitors disagree with what was said."""
    sure = max(0.0, waiting.confidence - waiting.second)
    return float(1.0 - sure * DISSENT_DOUBT**waiting.dissent)


def traffic(waiting: Waiting) -> float:
    """Grows with the root of how often it came, so that one loud question does not hide all others."""
    return float(np.sqrt(max(1, waiting.asked)))


def density(vectors: Rows) -> Floats:
    """(n,) the mean similarity to the nearest others, sharpened; 1 for all where there is one row alone."""
    count = len(vectors)
    nearest = min(NEIGHBOURS, count - 1)
    if nearest < 1:
        return np.ones(count)
    means = np.empty(count)
    for start in range(0, count, BLOCK):
        similarities = vectors[start : start + BLOCK] @ vectors.T  # (b, n)
        rows = np.arange(len(similarities))
        similarities[rows, start + rows] = -np.inf
        means[start : start + BLOCK] = -np.partition(-similarities, nearest - 1)[:, :nearest].mean(1)
    return np.clip(means, 1e-3, 1.0) ** SHARPNESS


def kinship(similarities: Rows) -> Floats:
    """(n,) from 0 for what is no nearer than KIN to 1 for the same."""
    shares: Floats = np.clip((similarities - KIN) / (1.0 - KIN), 0.0, 1.0).astype(np.float64)
    return shares


def vectors_of(waiting: Sequence[Waiting]) -> Rows:
    """(n, d) float32."""
    return np.stack([each.vector for each in waiting]) if waiting else np.empty((0, 0), np.float32)


def _falling(gains: Floats) -> list[int]:
    order: list[int] = np.argsort(-gains, kind="stable").tolist()
    return order
