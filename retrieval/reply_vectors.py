"""Vectors of what the bot said, so that a long answer is not encoded again for each message after it.

Answers are few and given often; what customers write is not kept here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np

from retrieval.encoder import Encoded, Encoder, Vectors
from retrieval.normalize import normalize

MOST_KEPT = 1000


class ReplyVectors:
    """The most recently used ones. Safe to use from several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Vectors, Vectors]] = OrderedDict()
        self._changing = Lock()

    def encode(self, encoder: Encoder, texts: Sequence[str], reply: str) -> Encoded:
        """As `Encoder.encode_messages`, of the texts and then of the reply, unless that is ""."""
        found = encoder.encode_messages([normalize(text) for text in texts])
        if not reply:
            return found
        embedding, tuned = self._get(reply) or self._encoded(encoder, reply)
        return Encoded(np.vstack([found.embeddings, embedding]), np.vstack([found.tuned, tuned]))

    def _encoded(self, encoder: Encoder, reply: str) -> tuple[Vectors, Vectors]:
        """By itself: beside a long text, short ones would be padded to its length."""
        found = encoder.encode_messages([normalize(reply)])
        vectors = found.embeddings[0], found.tuned[0]
        self._keep(reply, vectors)
        return vectors

    def _get(self, reply: str) -> tuple[Vectors, Vectors] | None:
        with self._changing:
            if reply in self._kept:
                self._kept.move_to_end(reply)
            return self._kept.get(reply)

    def _keep(self, reply: str, vectors: tuple[Vectors, Vectors]) -> None:
        with self._changing:
            self._kept[reply] = vectors
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
