"""What context is worth on past dialogues: right replies of ten with it and without, and an interval of the difference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.context import WEIGHTS, ContextWeights
from retrieval.encoder import Encoder
from training.context.dialogues import (
    CHOOSING,
    HISTORY,
    TEST,
    Nearness,
    Rows,
    Said,
    encoded,
    nearness,
    read_part,
    right_of_ten,
)

DRAWS = 2000
"""Bootstrap samples."""
SHARE, REPLY = (0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 1.0), (0.0, 0.35, 0.5, 0.7, 1.0)
"""Weights that are tried: share of the evidence in context, and of a short reply."""


@dataclass(frozen=True, slots=True)
class Gain:
    """Share of right replies, and the difference to messages alone with its 95 % interval over dialogues."""

    share: float
    gain: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Worth:
    """`alone`: share of right replies to messages without context.

    Attributes:
        in_context: messages and history in context.
        later: the same of the `later_messages` that have a question before them.
        evenly: the same of all messages, the nine other replies drawn evenly from the labels, however rare.
        history_alone: the messages in context, the history not.
    """

    messages: int
    later_messages: int
    dialogues: int
    alone: float
    in_context: Gain
    later: Gain
    evenly: Gain
    history_alone: Gain


def worth_of_context(encoder: Encoder, folder: Path, *, seed: int) -> Worth:
    """On the test part; raises EvaluationError."""
    history, asked = (encoded(encoder, read_part(folder, part)) for part in (HISTORY, TEST))
    said = asked.said
    plain, both = _nearness(history, asked, None), _nearness(history, asked, WEIGHTS)
    half = nearness(history.said, index=history.twice(), queries=asked.in_context())
    alone, moved, moved_alone = (right_of_ten(found, said, seed=seed) for found in (plain, both, half))
    even, moved_even = (right_of_ten(found, said, seed=seed, evenly=True) for found in (plain, both))
    has_before = np.array([bool(each.questions) for each in said])
    later = [each for each in said if each.questions]
    return Worth(
        messages=len(said),
        later_messages=len(later),
        dialogues=len({each.dialogue for each in said}),
        alone=float(alone.mean()),
        in_context=gain_over(alone, moved, said, seed=seed),
        later=gain_over(alone[has_before], moved[has_before], later, seed=seed),
        evenly=gain_over(even, moved_even, said, seed=seed),
        history_alone=gain_over(alone, moved_alone, said, seed=seed),
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


def tried_weights() -> Iterable[ContextWeights]:
    return (ContextWeights(*each) for each in product(SHARE, REPLY))


def chosen_weights(encoder: Encoder, folder: Path, *, seed: int) -> list[tuple[float, ContextWeights]]:
    """Shares of right replies on the choosing part by weights, the best first."""
    history, asked = (encoded(encoder, read_part(folder, part)) for part in (HISTORY, CHOOSING))
    shares = []
    for weights in tried_weights():
        found = _nearness(history, asked, weights)
        shares.append((float(right_of_ten(found, asked.said, seed=seed).mean()), weights))
    return sorted(shares, key=lambda each: -each[0])


def _nearness(history: Rows, asked: Rows, weights: ContextWeights | None) -> Nearness:
    index, queries = (
        rows.alone if weights is None else rows.in_context(weights) for rows in (history, asked)
    )
    return nearness(history.said, index=index, queries=queries)
