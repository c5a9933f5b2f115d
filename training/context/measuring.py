"""What context is worth on past dialogues: right replies of ten with it and without, and an interval of the difference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.context import WEIGHTS, TurnWeights
from retrieval.encoder import Encoder
from training.context.dialogues import CHOOSING, HISTORY, TEST, Rows, Said, encoded, read_part, right_of_ten

DRAWS = 2000
"""Bootstrap samples."""
FIRST, FADING, REPLY = (0.3, 0.5, 0.7), (0.5, 0.7), (0.2, 0.35, 0.5)
"""Weights that are tried: of the last question, how much of it each earlier one has, and of the reply."""


@dataclass(frozen=True, slots=True)
class Gain:
    """Share of right replies, and the difference to messages alone with its 95 % interval over dialogues."""

    share: float
    gain: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Worth:
    """`alone`: messages without context. `in_context`: messages and history in context; `asked_in_context`: the messages only."""

    messages: int
    dialogues: int
    alone: float
    in_context: Gain
    asked_in_context: Gain


def worth_of_context(encoder: Encoder, folder: Path, *, seed: int) -> Worth:
    """On the test part; raises EvaluationError."""
    history, asked = (encoded(encoder, read_part(folder, part)) for part in (HISTORY, TEST))
    alone = _right(history, asked, None, seed=seed)
    moved = right_of_ten(history.said, asked.said, index=history.alone, queries=asked.in_context(), seed=seed)
    both = _right(history, asked, WEIGHTS, seed=seed)
    return Worth(
        messages=len(asked.said),
        dialogues=len({each.dialogue for each in asked.said}),
        alone=float(alone.mean()),
        in_context=gain_over(alone, both, asked.said, seed=seed),
        asked_in_context=gain_over(alone, moved, asked.said, seed=seed),
    )


def gain_over(alone: NDArray[np.bool_], other: NDArray[np.bool_], said: Sequence[Said], *, seed: int) -> Gain:
    """The interval is a percentile bootstrap that draws whole dialogues (Efron and Tibshirani 1993, chapter 13)."""
    names = {name: number for number, name in enumerate(dict.fromkeys(each.dialogue for each in said))}
    own = np.array([names[each.dialogue] for each in said])
    differences = other.astype(float) - alone
    sums, counts = np.bincount(own, differences), np.bincount(own)  # (dialogues,)
    drawn = np.random.default_rng(seed).integers(len(names), size=(DRAWS, len(names)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Gain(float(other.mean()), float(differences.mean()), float(low), float(high))


def tried_weights() -> Iterable[TurnWeights]:
    for first, fading, reply in product(FIRST, FADING, REPLY):
        questions = tuple(round(first * fading**step, 2) for step in range(len(WEIGHTS.questions)))
        yield TurnWeights(questions, reply)


def chosen_weights(encoder: Encoder, folder: Path, *, seed: int) -> list[tuple[float, TurnWeights]]:
    """Shares of right replies on the choosing part by weights, the best first."""
    history, asked = (encoded(encoder, read_part(folder, part)) for part in (HISTORY, CHOOSING))
    shares = [
        (float(_right(history, asked, weights, seed=seed).mean()), weights) for weights in tried_weights()
    ]
    return sorted(shares, key=lambda each: -each[0])


def _right(history: Rows, asked: Rows, weights: TurnWeights | None, *, seed: int) -> NDArray[np.bool_]:
    index, queries = (
        rows.alone if weights is None else rows.in_context(weights) for rows in (history, asked)
    )
    return right_of_ten(history.said, asked.said, index=index, queries=queries, seed=seed)
