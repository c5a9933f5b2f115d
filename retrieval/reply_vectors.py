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
        kept = self._get(reply) if reply else None
        missing = [reply] if reply and kept is None else []
        found = encoder.encode_messages([normalize(text) for text in (*texts, *missing)])
        if missing:
            self._keep(reply, (found.embeddings[-1].copy(), found.tuned[-1].copy()))
        if kept is None:
            return found
        embedding, tuned = kept
        return Encoded(np.vstack([found.embeddings, embedding]), np.vstack([found.tuned, tuned]))

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
