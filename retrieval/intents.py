"""The intent head: how well a message fits each answer it was trained on, learned from all of their questions and texts.

Two linear readings, kept apart because they fail differently:

- meaning: scale * cosine of the message's tuned vector and the answer's weight vector, plus a bias. Not a
  softmax: a message that fits nothing has a low number for everything, which is what tells the unknown ones. Where answers
  have few questions each, the vector is first moved by an adapter that learned how questions lie to the texts that answer
  them (:mod:`training.matching`).
- wording: a linear support vector machine over hashed n-grams (:mod:`retrieval.ngrams`); none where answers have few questions.

Which counts how much is learned with the rest of the evidence (:mod:`retrieval.fusion`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import RetrievalError
from retrieval.ngrams import COLUMNS, hashed_ngrams

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class IntentReading:
    """What the head says of one message: (c,) meaning and (c,) wording, and the column of each answer."""

    meaning: Floats
    wording: Floats
    columns: Mapping[str, int]

    def best(self, count: int) -> list[str]:
        """The answers that fit best by either reading, at most `count` by each that says anything."""
        answers = list(self.columns)
        wanted = dict.fromkeys(
            column
            for numbers in (self.meaning, self.wording)
            if numbers.any()
            for column in np.argsort(-numbers, kind="stable")[:count].tolist()
        )
        return [answers[column] for column in wanted]

    def of(self, answers: Sequence[str]) -> Floats:
        """(a, 2) meaning and wording of these answers.

        An answer that came after the training reads like the best one that was there: nothing is held against it.
        """
        places = [self.columns.get(answer, -1) for answer in answers]
        found = np.stack([self.meaning[places], self.wording[places]], axis=1)
        found[np.array(places) < 0] = (self.meaning.max(), self.wording.max())
        return found


@dataclass(frozen=True)
class IntentHead:
    """Linear readings of c answers.

    Attributes:
        answers: ids, in the order of the columns.
        meaning, meaning_bias: (d, c) float32, unit columns times the scale, and (c,).
        rarity: (COLUMNS,) float32 inverse document frequency of each n-gram column.
        wording, wording_bias: (COLUMNS, c) float16 and (c,) float32.
        adapter: (d, d) float32; a vector x is read as the unit vector of x + x @ adapter.
    """

    answers: tuple[str, ...]
    meaning: Floats
    meaning_bias: Floats
    rarity: Floats | None = None
    wording: NDArray[np.float16] | None = None
    wording_bias: Floats | None = None
    adapter: Floats | None = None

    @cached_property
    def columns(self) -> Mapping[str, int]:
        return {answer: column for column, answer in enumerate(self.answers)}

    def read(self, vector: Floats, text: str) -> IntentReading:
        """`vector` is (d,) the message's tuned unit row (`retrieval.encoder.Encoded.tuned`)."""
        meaning: Floats = adapted(vector, self.adapter) @ self.meaning + self.meaning_bias
        return IntentReading(meaning, self._worded(text), self.columns)

    def _worded(self, text: str) -> Floats:
        if self.rarity is None or self.wording is None or self.wording_bias is None:
            return np.zeros(len(self.answers), np.float32)
        columns, values = hashed_ngrams(text)
        weighed = values * self.rarity[columns]
        length = max(float(np.linalg.norm(weighed)), 1e-9)
        wording: Floats = (weighed / length) @ self.wording[columns].astype(np.float32) + self.wording_bias
        return wording

    def write_weights(self, file: Path) -> None:
        from safetensors.numpy import save_file

        tensors = {name: getattr(self, name) for name in _SHAPES}
        save_file(
            {name: np.ascontiguousarray(each) for name, each in tensors.items() if each is not None},
            str(file),
        )

    def write_answers(self, file: Path) -> None:
        file.write_text(json.dumps(self.answers, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> IntentHead:
        """Reads verified files.

        Raises:
            RetrievalError: they do not fit together.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            answers = tuple(json.loads((folder / ANSWERS_FILE).read_text(encoding="utf-8")))
            tensors = load_file(str(folder / WEIGHTS_FILE))
            head = cls(answers, **tensors)
            _check_shapes(head)
        except (OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
            raise RetrievalError(
                f"The intent head cannot be read ({error!r}); make the checkpoint anew"
            ) from error
        return head


def adapted(vectors: Floats, adapter: Floats | None) -> Floats:
    """(…, d) unit rows, moved by the adapter."""
    if adapter is None:
        return vectors
    moved = vectors + vectors @ adapter
    unit: Floats = moved / np.maximum(np.linalg.norm(moved, axis=-1, keepdims=True), 1e-9)
    return unit


def _check_shapes(head: IntentHead) -> None:
    """Raises ValueError where tensors do not fit together."""
    sizes = {"c": len(head.answers), "d": len(head.meaning), "n": COLUMNS}
    for name, shape in _SHAPES.items():
        tensor = getattr(head, name)
        if tensor is not None and tensor.shape != tuple(sizes[letter] for letter in shape):
            raise ValueError(f"{name} has the shape {tensor.shape}")
    if len({getattr(head, name) is None for name in _WORDING}) > 1:
        raise ValueError(f"{', '.join(_WORDING)} go together")


WEIGHTS_FILE, ANSWERS_FILE = "head.safetensors", "head.json"
_WORDING = ("rarity", "wording", "wording_bias")
_SHAPES = {
    "meaning": "dc",
    "meaning_bias": "c",
    "rarity": "n",
    "wording": "nc",
    "wording_bias": "c",
    "adapter": "dd",
}
