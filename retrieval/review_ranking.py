"""Which utterance a person should decide about next: the one whose decision puts most messages right.

Pure: the review queue and the simulation of the loop rank with this very function. For an utterance ``v``, asked ``n(v)``
times, let the *doubt* ``d(v)``, 0 to 1, be how much speaks for its reply not being the right one. A decision on ``u``
settles ``u`` and, with a share ``k(u, v)``, every ``v`` that is like it. A set ``S`` of decisions is worth

    F(S) = sum over v of  n(v) d(v) (1 - product over u in S of (1 - k(u, v)))

messages, and the queue is the greedy order: each utterance stands where its gain, with those above it decided, puts it.

- **Uncertainty times density.** ``n(v) d(v) k(u, v)`` summed over the neighbours is the information density of Settles and
  Craven (2008; Settles, "Active Learning Literature Survey", 2009, §3.6): uncertain utterances count the more, the more
  traffic is like them, so that odd ones out do not fill the queue, as they do by uncertainty alone.
- **Diversity.** What is like a decided utterance is worth ``1 - k`` of itself, so one of a cluster comes first and its
  siblings fall. F is monotone and submodular (a probabilistic coverage), so the greedy order reaches at least 1 - 1/e of
  the best set of any size (Nemhauser, Wolsey and Fisher 1978), and gains only fall, which lets a heap find the next one
  without looking at all (Minoux 1978). The same idea as core-sets (Sener and Savarese 2018, arXiv:1708.00489),
  submodular selection (Wei, Iyer and Bilmes 2015) and cluster-margin (Citovsky et al. 2021, arXiv:2107.14263).
- **Uncertainty** is how near the second best confidence is to the best (Scheffer, Decomain and Wrobel 2001; on short texts the
  strongest of the simple measures: Schröder, Niekler and Potthast 2022, arXiv:2107.05687). Nearness to the cut-off (Lewis and
  Gale 1994) beside it made the queue worse; docs/recipe.md has figures.
- **Voices** shift it, as a noisy-or: each voice against the reply halves what is left of the certainty, each one in favour
  halves the uncertainty. In favour one voice counts at most: a crowd can't vote a reply out of the queue. Doubt is 1
  at most, so that a crowd that votes against moves an utterance no further than its traffic warrants.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
NEIGHBOURS = 32
"""Neighbours an utterance can settle; memory and time stay linear in the number of utterances."""
DECIMALS = 5
_ROWS_A_STEP = 1024


@dataclass(frozen=True, slots=True)
class Formula:
    """The constants of the ranking.

    Attributes:
        settles_from: level of similarity from which a decision settles anything of another utterance; 0 is as close as
            unrelated texts, 1 the same. From there the share grows in proportion. From 0.7 the simulation on BANKING77 ended at
            93.1 % right first, from 0.85 at 93.0 (docs/recipe.md).
        most_in_favour: voices in favour that count.
        signal: what one implied signal (rephrased, asked for a person) counts of a voice against.
    """

    settles_from: float = 0.7
    most_in_favour: float = 1.0
    signal: float = 0.25


@dataclass(frozen=True, slots=True)
class Undecided:
    """One form of an utterance about which nobody has decided.

    Attributes:
        key: orders utterances with equal gains.
        asked: how often, over all spellings that are near-duplicates.
        confidences: of its candidates, falling; empty without any.
        against: voices against the reply, or for another answer.
        in_favour: voices for the reply.
        signals: how often visitors rephrased it, or asked for a person, after the reply.
    """

    key: str
    asked: int
    confidences: tuple[float, ...]
    against: float = 0.0
    in_favour: float = 0.0
    signals: int = 0


@dataclass(frozen=True, slots=True)
class Ranked:
    """An utterance's place in the queue, and why.

    Attributes:
        row: where it stands in what was given.
        gain: messages put right by a decision, those above it decided; what the queue is ordered by.
        uncertainty: of the decision, 0 to 1.
        doubt: uncertainty with the voices, 0 to 1.
        settles: messages that a decision settles, its own included, whether in doubt or not.
    """

    row: int
    gain: float
    uncertainty: float
    doubt: float
    settles: float


def uncertainty(utterance: Undecided) -> float:
    """0 for one sure candidate, 1 for two alike or none."""
    best, second = (*utterance.confidences, 0.0, 0.0)[:2]
    return 1.0 - (best - second)


def doubt(utterance: Undecided, formula: Formula = Formula()) -> float:
    """How much speaks for the reply not being the right one, 0 to 1."""
    in_favour = min(utterance.in_favour, formula.most_in_favour)
    against = utterance.against + formula.signal * utterance.signals
    certain = 1.0 - uncertainty(utterance) * 0.5**in_favour
    return float(1.0 - certain * 0.5**against)


def rank_for_review(
    utterances: Sequence[Undecided],
    vectors: Vectors,
    *,
    unrelated: float = 0.0,
    settled: Vectors | None = None,
    limit: int | None = None,
    formula: Formula = Formula(),
) -> list[Ranked]:
    """The utterances in the order in which a person should decide about them; deterministic.

    Args:
        utterances: one of each form.
        vectors: of the utterances, ``(n, d)`` float32, unit rows.
        unrelated: cosine that the encoder gives to unrelated texts.
        settled: of what has been decided already, ``(m, d)``; its neighbours have fallen.
        limit: how many are wanted; all without it.
    """
    if not utterances:
        return []
    graph = _settled_by_each(vectors, unrelated=unrelated, formula=formula)
    asked = np.array([each.asked for each in utterances], dtype=np.float64)
    doubts = np.array([doubt(each, formula) for each in utterances])
    left = _left_by(settled, vectors, unrelated=unrelated, formula=formula)
    settles = graph.total(asked)
    return [
        Ranked(row, gain, uncertainty(utterances[row]), float(doubts[row]), float(settles[row]))
        for row, gain in _greedy(
            graph, asked * doubts, left, [each.key for each in utterances], limit or len(utterances)
        )
    ]


@dataclass(frozen=True, slots=True)
class _Graph:
    """Whom each utterance settles: rows ``(n, k)`` int64, itself first, and shares ``(n, k)`` float64."""

    rows: NDArray[np.int64]
    shares: NDArray[np.float64]

    def total(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        total: NDArray[np.float64] = np.sum(self.shares * values[self.rows], axis=1)  # (n,)
        return total

    def gain(self, row: int, worth: NDArray[np.float64]) -> float:
        """Rounded, so that float32 noise decides no tie."""
        return round(float(np.dot(self.shares[row], worth[self.rows[row]])), DECIMALS)


def _greedy(
    graph: _Graph, worth: NDArray[np.float64], left: NDArray[np.float64], keys: Sequence[str], limit: int
) -> list[tuple[int, float]]:
    """Rows with their gains, by lazy evaluation: a gain can only have fallen since it was worked out."""
    worth = worth * left
    heap = [(-round(gain, DECIMALS), keys[row], row) for row, gain in enumerate(graph.total(worth).tolist())]
    heapq.heapify(heap)
    chosen: list[tuple[int, float]] = []
    while heap and len(chosen) < limit:
        _, key, row = heapq.heappop(heap)
        gain = graph.gain(row, worth)
        if heap and (-gain, key) > heap[0][:2]:
            heapq.heappush(heap, (-gain, key, row))
            continue
        chosen.append((row, gain))
        np.multiply.at(worth, graph.rows[row], 1.0 - graph.shares[row])  # a row may stand there twice
    return chosen


def _settled_by_each(vectors: Vectors, *, unrelated: float, formula: Formula) -> _Graph:
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    cosines, rows = index.search(np.ascontiguousarray(vectors), min(NEIGHBOURS, len(vectors)))  # (n, k) both
    own = np.arange(len(vectors), dtype=np.int64)[:, None]  # (n, 1)
    shares = np.where((rows == own) | (rows < 0), 0.0, _share(cosines, unrelated, formula))
    itself = np.ones((len(vectors), 1))
    return _Graph(np.hstack([own, np.maximum(rows, 0)]), np.hstack([itself, shares]))  # (n, k + 1)


def _left_by(
    settled: Vectors | None, vectors: Vectors, *, unrelated: float, formula: Formula
) -> NDArray[np.float64]:
    """``(n,)``: what the nearest decided utterance leaves of each, 1 without any."""
    left = np.ones(len(vectors))
    if settled is None or not len(settled):
        return left
    for start in range(0, len(vectors), _ROWS_A_STEP):
        part = slice(start, start + _ROWS_A_STEP)
        nearest = (vectors[part] @ settled.T).max(axis=1)  # (rows,)
        left[part] = 1.0 - _share(nearest, unrelated, formula)
    return left


def _share(cosines: NDArray[np.float32], unrelated: float, formula: Formula) -> NDArray[np.float64]:
    """What a decision settles of an utterance at a cosine: 0 below the level, 1 for the same text."""
    level = (cosines.astype(np.float64) - unrelated) / (1.0 - unrelated)
    share: NDArray[np.float64] = np.clip(
        (level - formula.settles_from) / (1.0 - formula.settles_from), 0.0, 1.0
    )
    return share
