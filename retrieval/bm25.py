"""BM25 over an inverted index whose term weights are computed once, at indexing.

Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond", with the idf that
Lucene uses, ln(1 + (N - df + 0.5) / (df + 0.5)), which is never negative. Weights at indexing time as in
Lù 2024, "BM25S"; the numbers agree with that package's (tests). It is not used to serve because it has
no additions or removals and rebuilding takes 0.7 s for 10,000 texts, where an edit here takes milliseconds.

Scores are given as the share of the utterance's weight that a text covers: BM25 of the text divided by
the largest BM25 any text can reach, the sum of idf * (k1 + 1) over the utterance's terms. Terms that no
text has count in the divisor, so one matching word of ten unknown ones stays small.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

K1 = 1.2
B = 0.75

Terms = Sequence[str]


@dataclass(frozen=True, slots=True)
class LexicalHits:
    """`shares` (m,) float32 falling, all > 0, and the `keys` (m,) int64 of the texts."""

    shares: NDArray[np.float32]
    keys: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Postings:
    """Texts of each term: `rows[starts[t]:starts[t + 1]]` and their `weights`, without the idf."""

    starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    weights: NDArray[np.float32]


class Bm25:
    """Immutable; `changed` returns another index that shares the large part.

    Additions are weighed with the statistics (document frequencies, mean length) of the indexed part, as
    they would be after a rebuild but for the additions themselves.
    """

    def __init__(
        self,
        *,
        vocabulary: Mapping[str, int],
        postings: _Postings,
        mean_length: float,
        keys: NDArray[np.int64],
        alive: NDArray[np.bool_] | None,
        side: Mapping[int, Mapping[str, float]],
    ) -> None:
        self._vocabulary = vocabulary
        self._postings = postings
        self._mean_length = mean_length
        self._keys = keys
        self._alive = alive
        self._side = side  # key -> term -> weight

    @classmethod
    def of(cls, keys: Collection[int], texts: Iterable[Terms]) -> Bm25:
        """Indexes tokenised `texts`, one for each key."""
        vocabulary: dict[str, int] = {}
        terms: list[int] = []
        rows: list[int] = []
        frequencies: list[int] = []
        lengths: list[int] = []
        for row, text in enumerate(texts):
            lengths.append(len(text))
            for term, frequency in Counter(text).items():
                terms.append(vocabulary.setdefault(term, len(vocabulary)))
                rows.append(row)
                frequencies.append(frequency)
        length = np.asarray(lengths, np.float32)
        mean = float(length.mean()) if len(length) else 1.0
        return cls(
            vocabulary=vocabulary,
            postings=_sorted_postings(
                np.asarray(terms, np.int64),
                np.asarray(rows, np.int32),
                _saturated(np.asarray(frequencies, np.float32), length[np.asarray(rows, np.int64)], mean),
                size=len(vocabulary),
            ),
            mean_length=mean,
            keys=np.fromiter(keys, np.int64, len(keys)),
            alive=None,
            side={},
        )

    def changed(self, *, add: Mapping[int, Terms], remove: Collection[int] = ()) -> Bm25:
        """A new index without `remove` and with `add`; a key that is there already is replaced."""
        gone = set(remove) | add.keys()
        hit = np.isin(self._keys, np.fromiter(gone, np.int64, len(gone)))
        alive = ~hit if self._alive is None else self._alive & ~hit
        side = {key: weights for key, weights in self._side.items() if key not in gone}
        side |= {key: self._weights(terms) for key, terms in add.items()}
        return Bm25(
            vocabulary=self._vocabulary,
            postings=self._postings,
            mean_length=self._mean_length,
            keys=self._keys,
            alive=alive if hit.any() or self._alive is not None else None,
            side=side,
        )

    def search(self, terms: Terms, count: int, *, exclude: Collection[int] = ()) -> LexicalHits:
        """The at most `count` texts that share most with the tokenised utterance `terms`."""
        idf = self.idf(terms)
        ceiling = sum(idf.values()) * (K1 + 1)
        if not ceiling:
            return LexicalHits(np.empty(0, np.float32), np.empty(0, np.int64))
        totals = self._totals(idf)
        side_keys, side_totals = self._side_totals(idf)
        keys = self._keys
        if len(side_keys):
            keys, totals = np.concatenate([keys, side_keys]), np.concatenate([totals, side_totals])
        breadth = count + len(exclude)
        if breadth < len(totals):
            best = np.argpartition(totals, -breadth)[-breadth:]
            keys, totals = keys[best], totals[best]
        free = totals > 0
        if exclude:
            free &= ~np.isin(keys, np.fromiter(exclude, np.int64, len(exclude)))
        keys, totals = keys[free], totals[free]
        order = np.lexsort((keys, -totals))[:count]
        return LexicalHits(totals[order] / np.float32(ceiling), keys[order])

    def share(self, terms: Terms, document: Terms) -> float:
        """The share of the utterance's weight that a text outside the index would cover."""
        idf = self.idf(terms)
        ceiling = sum(idf.values()) * (K1 + 1)
        weights = self._weights(document)
        return (
            sum(weights.get(term, 0.0) * weight for term, weight in idf.items()) / ceiling if ceiling else 0.0
        )

    def idf(self, terms: Iterable[str]) -> dict[str, float]:
        """Weight of each different term; a term that no text has weighs most."""
        total = len(self._keys)
        return {
            term: float(np.log1p((total - df + 0.5) / (df + 0.5))) for term, df in self._frequencies(terms)
        }

    def _frequencies(self, terms: Iterable[str]) -> Iterable[tuple[str, int]]:
        starts = self._postings.starts
        for term in dict.fromkeys(terms):
            place = self._vocabulary.get(term)
            yield term, 0 if place is None else int(starts[place + 1] - starts[place])

    def _totals(self, idf: Mapping[str, float]) -> NDArray[np.float32]:
        totals = np.zeros(len(self._keys), np.float32)
        held = self._postings
        for term, weight in idf.items():
            place = self._vocabulary.get(term)
            if place is not None:
                part = slice(held.starts[place], held.starts[place + 1])
                totals[held.rows[part]] += held.weights[part] * np.float32(weight)
        if self._alive is not None:
            totals *= self._alive
        return totals

    def _side_totals(self, idf: Mapping[str, float]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        totals = [
            sum(weights[term] * weight for term, weight in idf.items() if term in weights)
            for weights in self._side.values()
        ]
        return np.fromiter(self._side, np.int64, len(self._side)), np.asarray(totals, np.float32)

    def _weights(self, terms: Terms) -> dict[str, float]:
        counts = Counter(terms)
        norm = K1 * (1 - B + B * len(terms) / self._mean_length)
        return {term: (K1 + 1) * count / (count + norm) for term, count in counts.items()}


def _saturated(
    frequencies: NDArray[np.float32], lengths: NDArray[np.float32], mean: float
) -> NDArray[np.float32]:
    """Term weights without idf: (k1 + 1) tf / (tf + k1 (1 - b + b length / mean length))."""
    norm = K1 * (1 - B + B * lengths / max(mean, 1e-9))
    return ((K1 + 1) * frequencies / (frequencies + norm)).astype(np.float32)


def _sorted_postings(
    terms: NDArray[np.int64], rows: NDArray[np.int32], weights: NDArray[np.float32], *, size: int
) -> _Postings:
    order = np.argsort(terms, kind="stable")
    starts = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(terms, minlength=size), out=starts[1:])
    return _Postings(starts, rows[order], weights[order])
