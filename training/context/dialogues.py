"""Labelled replies of past dialogues, and choosing the right one of ten for what a customer said, with and without its context.

The history is the replies of other dialogues: each is found by the message before it. A reply of a label is as near as its
NEIGHBOURS nearest messages in the mean. With context, the messages of the history and the one asked are both encoded by
`retrieval.context.in_context`, as in the service.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.context import WEIGHTS, TurnWeights, in_context
from retrieval.encoder import Encoder, Progress
from training.errors import EvaluationError
from training.splits import share_of

Floats = NDArray[np.float32]
FOLDER, FILE = "star_dialogues", "dialogues.jsonl.gz"
CHOICES = 10
NEIGHBOURS = 5
NOT_STANDARD = "custom"
"""The label of replies that the agent wrote freely."""
HISTORY, CHOOSING, TEST = "history", "choosing", "test"
SHARES = {HISTORY: (0.0, 0.6), CHOOSING: (0.6, 0.8), TEST: (0.8, 1.0)}
MOST = {HISTORY: 1500, CHOOSING: 400, TEST: 600}
SALT = "context"


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
    """(n, d) unit vectors of messages alone, (n, q, d) of the questions before them, (n, d) of the last replies; zeros for none."""

    said: tuple[Said, ...]
    alone: Floats
    questions: Floats
    reply: Floats

    def in_context(self, weights: TurnWeights = WEIGHTS) -> Floats:
        """(n, d) by the function that serves."""
        return np.stack(
            [
                in_context(alone, questions, reply, weights=weights)
                for alone, questions, reply in zip(self.alone, self.questions, self.reply, strict=True)
            ]
        )


def read_part(folder: Path, part: str) -> tuple[Said, ...]:
    """The labelled messages of a part's dialogues, which are told apart by a hash. Raises EvaluationError."""
    low, high = SHARES[part]
    chosen = [each for each in _dialogues(folder) if low <= share_of(_id(each), salt=SALT) < high]
    chosen.sort(key=lambda each: share_of(_id(each), salt=f"{SALT} order"))
    found = tuple(said for each in chosen[: MOST[part]] for said in _labelled(each))
    if not found:
        raise EvaluationError(f"{folder / FILE} has no labelled replies in its {part} part")
    return found


def encoded(encoder: Encoder, said: Sequence[Said], *, progress: Progress | None = None) -> Rows:
    texts = sorted({text for each in said for text in (each.message, *each.questions, each.reply) if text})
    vectors = encoder.encode_queries(texts, progress=progress)
    at = dict(zip(texts, vectors, strict=True))
    nothing = np.zeros(vectors.shape[1], np.float32)
    depth = len(WEIGHTS.questions)

    def questions(each: Said) -> Floats:
        known = [at[text] for text in each.questions[:depth]]
        return np.stack([*known, *[nothing] * (depth - len(known))])

    return Rows(
        tuple(said),
        np.stack([at[each.message] for each in said]),
        np.stack([questions(each) for each in said]),
        np.stack([at.get(each.reply, nothing) for each in said]),
    )


def right_of_ten(
    history: Sequence[Said], asked: Sequence[Said], *, index: Floats, queries: Floats, seed: int
) -> NDArray[np.bool_]:
    """(m,) whether the right label is nearer than nine others, drawn by `seed`.

    A message whose label the history lacks counts as wrong.

    Args:
        index, queries: (n, d) and (m, d) unit rows of `history` and `asked`.
    """
    labels = sorted({each.label for each in history})
    numbers = {label: number for number, label in enumerate(labels)}
    nearness = _nearness([numbers[each.label] for each in history], index, queries, len(labels))
    random = np.random.default_rng(seed)
    right = np.zeros(len(asked), bool)
    for place, each in enumerate(asked):
        others = [number for label, number in numbers.items() if label != each.label]
        drawn = random.choice(others, size=min(CHOICES - 1, len(others)), replace=False)
        if each.label in numbers:
            right[place] = nearness[place, numbers[each.label]] > nearness[place, drawn].max(initial=-2.0)
    return right


def _nearness(owners: Sequence[int], index: Floats, queries: Floats, labels: int) -> Floats:
    """(m, l) mean cosine of the nearest messages of each label."""
    own = np.array(owners)
    found = np.empty((len(queries), labels), np.float32)
    for number in range(labels):
        mine = queries @ index[own == number].T  # (m, n of the label)
        count = min(NEIGHBOURS, mine.shape[1])
        found[:, number] = np.partition(mine, -count, axis=1)[:, -count:].mean(axis=1)
    return found


def _dialogues(folder: Path) -> Iterator[dict[str, Any]]:
    path = folder / FILE
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except (OSError, EOFError, ValueError) as error:
        raise EvaluationError(f"{path} cannot be read as dialogues ({error})") from error


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
