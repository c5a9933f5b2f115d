"""Vectors of what customers asked, made by the serving encoder and kept in memory: they are never stored."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.imports.mining_levels import SimilarityScale
from retrieval.encoder import Encoder, Vectors
from retrieval.normalize import normalize

KEPT = 60_000
"""Some 90 MB with 384 dimensions."""
AT_ONCE = 256


@dataclass(frozen=True)
class Encoded:
    """``(n, d)`` float32, unit rows, and what levels of similarity mean with the encoder that made them."""

    vectors: Vectors
    scale: SimilarityScale


class UtteranceVectors:
    """Of one encoder at a time; another one, and all are forgotten."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._fingerprint: str | None = None
        self._scale: SimilarityScale | None = None
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()
        self._working = asyncio.Lock()

    async def of(self, encoder: Encoder, texts: Sequence[str]) -> Encoded:
        """Encodes what is new off the event loop, in small parts, so that customers' messages come in between."""
        wanted = [normalize(text) for text in texts]
        async with self._working:
            if self._fingerprint != encoder.fingerprint or self._scale is None:
                self._vectors.clear()
                self._fingerprint = encoder.fingerprint
                self._scale = await asyncio.to_thread(SimilarityScale.of, encoder)
            found = {text: self._vectors[text] for text in wanted if text in self._vectors}
            missing = list(dict.fromkeys(text for text in wanted if text not in found))
            for start in range(0, len(missing), AT_ONCE):
                part = missing[start : start + AT_ONCE]
                vectors = await asyncio.to_thread(encoder.encode_queries, part)
                found |= {text: vector.copy() for text, vector in zip(part, vectors, strict=True)}
            self._keep(found)
            rows = [found[text] for text in wanted]
            vectors = np.stack(rows) if rows else np.zeros((0, encoder.dimension), dtype=np.float32)
            return Encoded(vectors, self._scale)

    def _keep(self, found: dict[str, Vectors]) -> None:
        for text, vector in found.items():
            self._vectors[text] = vector
            self._vectors.move_to_end(text)
        while len(self._vectors) > self._kept:
            self._vectors.popitem(last=False)
