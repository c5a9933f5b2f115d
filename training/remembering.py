"""An encoder that remembers, for texts that are encoded again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.encoder import Encoded, Encoder
from retrieval.normalize import normalize
from retrieval.records import QuestionRecord
from retrieval.retriever import Retriever


class Remembering:
    """An encoder that encodes no text twice: folds share most of theirs."""

    def __init__(self, encoder: Encoder) -> None:
        self.name, self.dimension, self.fingerprint = encoder.name, encoder.dimension, encoder.fingerprint
        self._encoder = encoder
        self._queries: dict[str, NDArray[np.float32]] = {}
        self._passages: dict[str, NDArray[np.float32]] = {}

    @classmethod
    def of(cls, retriever: Retriever, questions: Sequence[QuestionRecord]) -> Remembering:
        """One that has read these questions of the retriever already."""
        made = cls(retriever.encoder)
        rows = retriever.view.question_index.vectors([question.number for question in questions])
        texts = [normalize(question.text) for question in questions]
        made._queries.update(zip(texts, rows, strict=True))
        return made

    def encode_queries(
        self, texts: Sequence[str], *, progress: Callable[[int, int], None] | None = None
    ) -> NDArray[np.float32]:
        return self._remembered(texts, self._queries, self._encoder.encode_queries)

    def encode_messages(
        self, texts: Sequence[str], *, progress: Callable[[int, int], None] | None = None
    ) -> Encoded:
        rows = self.encode_queries(texts)
        return Encoded(rows, rows)

    def encode_passages(
        self, texts: Sequence[str], *, progress: Callable[[int, int], None] | None = None
    ) -> NDArray[np.float32]:
        return self._remembered(texts, self._passages, self._encoder.encode_passages)

    def count_tokens(self, text: str) -> int:
        return self._encoder.count_tokens(text)

    def _remembered(
        self,
        texts: Sequence[str],
        known: dict[str, NDArray[np.float32]],
        encode: Callable[[Sequence[str]], NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        new = list(dict.fromkeys(text for text in texts if text not in known))
        if new:
            known.update(zip(new, encode(new), strict=True))
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        return np.stack([known[text] for text in texts])
