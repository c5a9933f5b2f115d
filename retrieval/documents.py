"""BM25 over answers: all texts of an answer, its phrasings in every language and its words, as one document.

Customers use words that no single phrasing has together. Which answer's texts know most of them says more than
which one text does: on the demo company the order by documents alone beats the order by single texts.

An answer that has texts in one language alone gets the words that these mean in the other (:mod:`retrieval.word_pairs`), where the encoder reads
both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from retrieval.bm25 import Bm25, LexicalHits
from retrieval.language import detect_language
from retrieval.lexical import tokenize_lexical
from retrieval.word_pairs import translated

MOST_HITS = 200

Texts = Sequence[str]


@dataclass(frozen=True, slots=True)
class Documents:
    """Immutable. `numbers` are the documents' keys in the index; one is never given to another answer.

    `bilingual`: answers in one language are to be found in the other.
    """

    bm25: Bm25
    numbers: Mapping[str, int]
    answers: Mapping[int, str]
    bilingual: bool = False

    @classmethod
    def of(cls, texts_by_answer: Mapping[str, Texts], *, bilingual: bool) -> Documents:
        numbers = {answer_id: number for number, answer_id in enumerate(sorted(texts_by_answer))}
        documents = [_terms(texts_by_answer[answer_id], bilingual) for answer_id in numbers]
        bm25 = Bm25.of(numbers.values(), documents)
        return cls(bm25, numbers, {n: a for a, n in numbers.items()}, bilingual)

    def changed(self, texts_by_answer: Mapping[str, Texts]) -> Documents:
        """Other documents for these answers; one without any text is taken out."""
        numbers = dict(self.numbers)
        for answer_id in texts_by_answer:
            numbers.setdefault(answer_id, len(numbers))
        terms = {answer_id: _terms(texts, self.bilingual) for answer_id, texts in texts_by_answer.items()}
        bm25 = self.bm25.changed(
            add={numbers[answer_id]: words for answer_id, words in terms.items() if words},
            remove=[numbers[answer_id] for answer_id, words in terms.items() if not words],
        )
        return Documents(bm25, numbers, {n: a for a, n in numbers.items()}, self.bilingual)

    def search(self, terms: Sequence[str], *, instead: Mapping[str, Texts]) -> LexicalHits:
        """Documents (`keys`) and the share of the utterance's weight that each covers; those without a word are left out.

        Args:
            terms: of the utterance.
            instead: texts to take for an answer in place of its own (leave-one-out).
        """
        barred = [self.numbers[answer_id] for answer_id in instead if answer_id in self.numbers]
        hits = self.bm25.search(terms, MOST_HITS, exclude=barred)
        if not instead:
            return hits
        others = {
            self.numbers[id]: self.bm25.share(terms, _terms(texts, self.bilingual))
            for id, texts in instead.items()
        }
        others = {number: share for number, share in others.items() if share}
        return LexicalHits(
            np.concatenate([hits.shares, np.fromiter(others.values(), np.float32, len(others))]),
            np.concatenate([hits.keys, np.fromiter(others, np.int64, len(others))]),
        )


def _terms(texts: Sequence[str], bilingual: bool) -> list[str]:
    terms = [term for text in texts for term in _terms_of(text)]
    languages = {_language_of(text) for text in texts} if bilingual else set()
    if len(languages) == 1:
        (other,) = {"en", "zh"} - languages
        terms += translated(terms, into=other)
    return terms


@lru_cache(maxsize=20_000)
def _terms_of(text: str) -> tuple[str, ...]:
    return tuple(tokenize_lexical(text))


@lru_cache(maxsize=20_000)
def _language_of(text: str) -> str:
    return "en" if text.isascii() else detect_language(text)
