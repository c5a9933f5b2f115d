"""Labelled replies of past dialogues, and choosing the right one of ten for what a customer said, with and without its context.

The history is the replies of other dialogues: each is found by the message before it. A label is as near as the NEIGHBOURS nearest
messages that got it, in the mean. The nine others are drawn from the replies of the history, so that a frequent one is drawn often. With context, the cosine is the mean of that of the messages alone and that of both in context, as in the service.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.context import MOST_TURNS, WEIGHTS, ContextWeights, in_context, short, to_encode
from retrieval.encoder import Encoder, Progress
from training.errors import EvaluationError

Floats = NDArray[np.float32]
FOLDER, FILE = "star_dialogues", "dialogues.jsonl.gz"
CHOICES = 10
NEIGHBOURS = 5
NOT_STANDARD = "custom"
"""The label of replies that the agent wrote freely."""
HISTORY, CHOOSING, TEST = "history", "choosing", "test"
SHARES = {HISTORY: (0.0, 0.6), CHOOSING: (0.6, 0.8), TEST: (0.8, 1.0)}
MOST = {HISTORY: 1200, CHOOSING: 300, TEST: 500}


@dataclass(frozen=True, slots=True)
class Said:
    """A customer's message, what came before it, the last question first, and the label of the reply that it got."""

    dialogue: str
    message: str
    questions: tuple[str, ...]
    reply: str
    label: str


@dataclass(frozen=True, slots=True)
class Rows:
    """(n, d) unit vectors of messages alone, of messages together with those before them, and of short last replies; zeros for none."""

    said: tuple[Said, ...]
    alone: Floats
    together: Floats
    reply: Floats

    def in_context(self, weights: ContextWeights = WEIGHTS) -> Floats:
        """(n, 2d) unit rows whose cosine is the mean of those in context and alone, as the service averages its evidence."""
        moved = [
            in_context(messages, reply, weights=weights)
            for messages, reply in zip(self.together, self.reply, strict=True)
        ]
        return _side_by_side(np.stack(moved), self.alone, weights)

    def twice(self, weights: ContextWeights = WEIGHTS) -> Floats:
        """(n, 2d) unit rows of messages alone, to be compared with `in_context`."""
        return _side_by_side(self.alone, self.alone, weights)


def _side_by_side(first: Floats, second: Floats, weights: ContextWeights) -> Floats:
    shares = sqrt(weights.share), sqrt(1 - weights.share)
    return np.hstack([shares[0] * first, shares[1] * second]).astype(np.float32)


def read_part(folder: Path, part: str) -> tuple[Said, ...]:
    """The labelled messages of a part's dialogues, told apart by a hash. Raises EvaluationError."""
    low, high = SHARES[part]
    chosen = [each for each in _dialogues(folder) if low <= _place(_id(each)) < high]
    chosen.sort(key=lambda each: _place(f"x{_id(each)}"))
    found = tuple(said for each in chosen[: MOST[part]] for said in _labelled(each))
    if not found:
        raise EvaluationError(f"{folder / FILE} has no labelled replies in its {part} part")
    return found


def encoded(encoder: Encoder, said: Sequence[Said], *, progress: Progress | None = None) -> Rows:
    together = [to_encode(each.message, each.questions[:MOST_TURNS]) for each in said]
    replies = [short(each.reply) for each in said]
    texts = sorted({text for text in (*(each.message for each in said), *together, *replies) if text})
    vectors = encoder.encode_queries(texts, progress=progress)
    at = dict(zip(texts, vectors, strict=True))
    nothing = np.zeros(vectors.shape[1], np.float32)
    return Rows(
        tuple(said),
        np.stack([at[each.message] for each in said]),
        np.stack([at[text] for text in together]),
        np.stack([at.get(reply, nothing) for reply in replies]),
    )


@dataclass(frozen=True, slots=True)
class Nearness:
    """(m, l) mean cosine of each message to the NEIGHBOURS nearest messages that got a label; (l,) how often each was given."""

    labels: tuple[str, ...]
    given: NDArray[np.int_]
    cosines: Floats


def nearness(history: Sequence[Said], *, index: Floats, queries: Floats) -> Nearness:
    """`index` (n, d) and `queries` (m, d): unit rows of the history and of the messages asked."""
    labels = tuple(sorted({each.label for each in history}))
    own = np.array([labels.index(each.label) for each in history])
    cosines = np.empty((len(queries), len(labels)), np.float32)
    for number in range(len(labels)):
        mine = queries @ index[own == number].T  # (m, n of the label)
        count = min(NEIGHBOURS, mine.shape[1])
        cosines[:, number] = np.partition(mine, -count, axis=1)[:, -count:].mean(axis=1)
    return Nearness(labels, np.bincount(own, minlength=len(labels)), cosines)


def right_of_ten(
    found: Nearness, asked: Sequence[Said], *, seed: int, evenly: bool = False
) -> NDArray[np.bool_]:
    """(m,) whether the right label is nearer than nine others, drawn by `seed` as often as they were given, or `evenly`.

    A message whose label the history lacks counts as wrong.
    """
    random = np.random.default_rng(seed)
    odds = np.ones(len(found.labels)) if evenly else found.given.astype(float)
    right = np.zeros(len(asked), bool)
    for place, each in enumerate(asked):
        others = np.array([label != each.label for label in found.labels])
        chances = np.where(others, odds, 0.0)
        count = min(CHOICES - 1, int(others.sum()))
        drawn = random.choice(len(odds), size=count, replace=False, p=chances / max(chances.sum(), 1.0))
        if not others.all():
            own = found.labels.index(each.label)
            right[place] = found.cosines[place, own] > found.cosines[place, drawn].max(initial=-2.0)
    return right


def _dialogues(folder: Path) -> Iterator[dict[str, Any]]:
    path = folder / FILE
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except (OSError, EOFError, ValueError) as error:
        raise EvaluationError(f"{path} cannot be read as dialogues ({error})") from error


def _place(name: str) -> float:
    """From 0 to below 1, by a hash."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 2**32


def _id(dialogue: dict[str, Any]) -> str:
    return str(dialogue["conversation_id"])


def _labelled(dialogue: dict[str, Any]) -> Iterator[Said]:
    questions: list[str] = []
    reply = ""
    turns = dialogue["turns"]
    for before, turn in zip([None, *turns[:-1]], turns, strict=True):
        if turn["role"] == "customer":
            questions.insert(0, turn["text"])
            continue
        label = turn.get("label")
        if label and label != NOT_STANDARD and before is not None and before["role"] == "customer":
            yield Said(_id(dialogue), questions[0], tuple(questions[1:]), reply, label)
        reply = turn["text"]
