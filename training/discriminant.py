"""Cross-validated probabilities of all answers for all questions, by linear discriminant analysis on frozen vectors.

Priors are equal, so that nothing counts against a small answer. It is solved, not iterated, and no more than a block of rows has
its probabilities in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

BLOCK = 2048  # rows whose probabilities are in memory at once
SHARPNESSES = np.geomspace(0.02, 1.0, 12)  # factors of the discriminants to choose from

Rows = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges the questions `rows` by all those of the other folds.

    Attributes:
        weights, biases: (d, c) and (c,), minus infinity for answers it has not seen.
        seen: (c,) how many questions of each answer it has seen.
    """

    rows: Labels
    weights: Rows
    biases: Rows
    seen: Labels


@dataclass(frozen=True, slots=True)
class Block:
    """(b,) row numbers, (b, c) probabilities, and `seen` of the judge."""

    rows: Labels
    chances: Rows
    seen: Labels


def cross_judges(vectors: Rows, labels: Labels, folds: Labels) -> list[Judge]:
    """One a fold; none for a fold without which fewer than two answers are left to learn from."""
    classes = int(labels.max()) + 1
    judges = []
    for number in np.unique(folds):
        kept = folds != number
        if len(np.unique(labels[kept])) > 1:
            judges.append(_judge(np.flatnonzero(~kept), vectors[kept], labels[kept], classes))
    return judges


def sharpest(vectors: Rows, labels: Labels, judges: Sequence[Judge]) -> float:
    """The factor that makes the given labels likeliest: as they are, discriminants of many features are far too sure."""
    # A sample of each fold is enough.
    samples = [replace(judge, rows=judge.rows[:: -(-len(judge.rows) // BLOCK)]) for judge in judges]

    def likelihood(factor: float) -> float:
        total = 0.0
        for block in probabilities(vectors, samples, factor):
            own = labels[block.rows]
            given = block.chances[np.arange(len(own)), own][block.seen[own] > 0]
            total += float(np.log(given + 1e-9).sum())
        return total

    factors: list[float] = SHARPNESSES.tolist()
    return max(factors, key=likelihood)


def probabilities(vectors: Rows, judges: Sequence[Judge], sharpness: float) -> Iterator[Block]:
    for judge in judges:
        for start in range(0, len(judge.rows), BLOCK):
            rows = judge.rows[start : start + BLOCK]
            found = sharpness * (vectors[rows] @ judge.weights + judge.biases)  # (b, c)
            found = np.exp(found - found.max(axis=1, keepdims=True))
            yield Block(rows, found / found.sum(axis=1, keepdims=True), judge.seen)


def _judge(rows: Labels, vectors: Rows, labels: Labels, classes: int) -> Judge:
    """Learned from `vectors` (n, d)."""
    seen = np.bincount(labels, minlength=classes)
    order = np.argsort(labels, kind="stable")
    present, starts = np.unique(labels[order], return_index=True)
    means = np.zeros((classes, vectors.shape[1]))
    means[present] = np.add.reduceat(vectors[order], starts, axis=0, dtype=np.float64)
    means /= np.maximum(seen, 1)[:, None]
    around = vectors - means[labels].astype(np.float32)
    free, size = max(len(labels) - len(present), 1), vectors.shape[1]
    covariance = (around.T @ around).astype(np.float64) / free  # (d, d)
    even = max(float(np.trace(covariance)) / size, 1e-6)
    # As if d more questions had been seen whose vectors vary alike in all directions.
    shrunk = size / (size + free)
    covariance = (1 - shrunk) * covariance + shrunk * even * np.eye(size)
    weights = np.linalg.solve(covariance, means.T)
    biases = np.where(seen > 0, -0.5 * (means.T * weights).sum(axis=0), -np.inf)
    return Judge(rows, weights.astype(np.float32), biases.astype(np.float32), seen)
