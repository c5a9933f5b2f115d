"""Which words of the two languages mean the same, by the needs of the support corpus that both occur in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.lexical import tokenize_lexical
from retrieval.word_pairs import closest
from training.corpus import Need

LEAST_NEEDS = 2  # in which a word, and a pair, has to occur
MOST_NEEDS = 0.3  # share of all; a word of more says nothing
LEAST_LIFT = 3.0  # times as often together as by chance
LEAST_DICE = 0.15

Pair = tuple[str, str, float]


def word_pairs(needs: Sequence[Need]) -> list[Pair]:
    """(Chinese, English, Dice coefficient), by rising words; only those that `retrieval.word_pairs` uses in either direction."""
    english = _Words([[*need.phrasings["en"], need.answers["en"], need.name] for need in needs])
    chinese = _Words([[*need.phrasings["zh"], need.answers["zh"]] for need in needs])
    together = (chinese.occurs.T @ english.occurs).tocoo()
    alone = chinese.counts[together.row], english.counts[together.col]
    dice = 2 * together.data / (alone[0] + alone[1])
    lift = together.data * len(needs) / (alone[0] * alone[1])
    kept = np.flatnonzero((together.data >= LEAST_NEEDS) & (lift > LEAST_LIFT) & (dice >= LEAST_DICE))
    pairs = [
        (chinese.terms[together.row[place]], english.terms[together.col[place]], round(float(dice[place]), 3))
        for place in kept.tolist()
    ]
    pairs = [each for each in pairs if each[0].isascii() < each[1].isascii()]
    used = {(word, other) for word, own in closest(pairs).items() for other in own}
    used |= {
        (other, word)
        for word, own in closest((each[1], each[0], each[2]) for each in pairs).items()
        for other in own
    }
    return sorted(each for each in pairs if each[:2] in used)


class _Words:
    """Words of one language: `terms` (w), `counts` (w,) of needs that have them, `occurs` (n, w) 0 or 1."""

    terms: list[str]
    counts: NDArray[np.float64]
    occurs: csr_matrix

    def __init__(self, texts_of_needs: Sequence[Iterable[str]]) -> None:
        bags = [{term for text in texts for term in tokenize_lexical(text)} for texts in texts_of_needs]
        counts = Counter(term for bag in bags for term in bag)
        most = MOST_NEEDS * len(bags)
        self.terms = sorted(term for term, count in counts.items() if LEAST_NEEDS <= count < most)
        places = {term: place for place, term in enumerate(self.terms)}
        cells = [(row, places[term]) for row, bag in enumerate(bags) for term in bag if term in places]
        rows, columns = np.array(cells, np.int64).reshape(-1, 2).T
        shape = (len(bags), len(self.terms))
        self.occurs = csr_matrix((np.ones(len(cells)), (rows, columns)), shape=shape)
        self.counts = np.array([counts[term] for term in self.terms], np.float64)
