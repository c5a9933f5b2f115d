"""What composed replies are worth, on questions whose right section is known.

Each question is asked once as it is and once of a knowledge that lacks its answer: by turns with the right section left out, and
of the other company's documents. So half of all questions are unknown.

A reply is right when it has one of the KEY_SENTENCES sentences of the right section that are nearest to the question; where the same
sentence stands in another section, too, that one counts as well. Beside it stands a measure without the encoder: one of the as many sentences
that have most of the question's words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Retrieved
from retrieval.composition import Composition
from retrieval.composition_confidence import composition_features, judged_composition
from retrieval.encoder import Encoder
from retrieval.lexical import tokenize_lexical
from retrieval.normalize import normalize
from retrieval.section_search import search_sections, terms_of
from retrieval.sources import Section, Sources
from training.evaluation.composed_sets import DocumentSet

KEY_SENTENCES = 2
LEAST_TOLD = 25  # characters below which a sentence tells nothing ("Yes.")
UNKNOWN_SHARE = 0.5
RANK_FUSION = 60  # Cormack, Clarke, Büttcher 2009

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """A question that was asked.

    Attributes:
        number: of the section that is right.
        known: whether the documents had its answer.
        first: the best section is the right one.
        from_right: share of the reply's sentences that stand in the right section.
        right: the reply has a key sentence, by meaning.
        right_by_words: it has one by words.
        features: (f,) of `retrieval.composition_confidence`.
    """

    company: str
    question: str
    number: int
    known: bool
    first: bool
    from_right: float
    right: bool
    right_by_words: bool
    composition: Composition
    features: Floats
    search_ms: float
    compose_ms: float


@dataclass(frozen=True, slots=True, eq=False)
class Company:
    """A set with its sections indexed and its questions encoded, (n, d)."""

    documents: DocumentSet
    sources: Sources
    vectors: NDArray[np.float32]

    @classmethod
    def of(cls, documents: DocumentSet, encoder: Encoder) -> Company:
        questions = [normalize(asked.question) for asked in documents.asked]
        return cls(documents, Sources.of(encoder, documents.sections), encoder.encode_queries(questions))


def try_questions(companies: Sequence[Company]) -> list[Tried]:
    """Every question twice: known, and unknown by turns in one of the two ways."""
    tried: list[Tried] = []
    for place, company in enumerate(companies):
        other = companies[place - 1] if len(companies) > 1 else company
        for row in range(len(company.documents.asked)):
            tried.append(_try(company, row, company.sources))
            gone = company.documents.asked[row].number
            left_out = row % 2 == 0 or other is company
            sources = company.sources if left_out else other.sources
            tried.append(_try(company, row, sources, left_out=gone if left_out else 0, known=False))
    return tried


def _try(company: Company, row: int, sources: Sources, *, left_out: int = 0, known: bool = True) -> Tried:
    asked, vector = company.documents.asked[row], company.vectors[row]
    right = company.sources.sections[asked.number]
    begin = perf_counter()
    terms = tokenize_lexical(asked.question)
    found = search_sections(sources, terms, vector, exclude=[left_out] if left_out else [])
    searched = perf_counter()
    retrieved = Retrieved(vector, (), "en", len(terms), found_sections=found)
    composition = judged_composition(retrieved, unknown_share=UNKNOWN_SHARE)
    composed = perf_counter()
    assert composition is not None, "no company here is without sections"
    told = [_words(sentence.text) for sentence in composition.sentences]
    whole = _words(right.record.text)
    own = [text in whole for text in told]
    return Tried(
        company=company.documents.name,
        question=asked.question,
        number=asked.number,
        known=known,
        first=found.sections[0].number == asked.number,
        from_right=sum(own) / len(own),
        right=not key_sentences(right, vector).isdisjoint(told),
        right_by_words=not worded_key_sentences(right, company.sources.lexical.idf(terms)).isdisjoint(told),
        composition=composition,
        features=composition_features(found, composition, words=len(terms)),
        search_ms=(searched - begin) * 1000,
        compose_ms=(composed - searched) * 1000,
    )


def key_sentences(section: Section, vector: NDArray[np.float32]) -> frozenset[str]:
    """The words of the sentences that are nearest to the question, without those too short to tell anything."""
    return _first_telling(section.sentences(), section.similarities(vector)[1:])


def worded_key_sentences(section: Section, idf: Mapping[str, float]) -> frozenset[str]:
    """As `key_sentences`, by how much of the question's words (`idf`, of each of its terms) a sentence has."""
    sentences = section.sentences()
    return _first_telling(
        sentences, np.array([sum(idf.get(term, 0.0) for term in terms_of(each)) for each in sentences])
    )


def _first_telling(sentences: Sequence[str], relevance: NDArray[np.floating]) -> frozenset[str]:
    ranked = np.argsort(-relevance, kind="stable").tolist()
    order = [row for row in ranked if len(sentences[row]) >= LEAST_TOLD]
    return frozenset(_words(sentences[row]) for row in (order or range(len(sentences)))[:KEY_SENTENCES])


def rank_fusion_recall(company: Company) -> float:
    """R@1 of what composition is compared with: the encoder as it comes and BM25, fused by reciprocal ranks."""
    numbers = sorted(company.sources.sections)
    stored = company.sources.index.vectors(numbers)
    hits = 0
    for asked, vector in zip(company.documents.asked, company.vectors, strict=True):
        words = np.zeros(len(numbers))
        lexical = company.sources.lexical.search(tokenize_lexical(asked.question), len(numbers))
        words[np.searchsorted(numbers, lexical.keys)] = lexical.shares
        fused = sum(1.0 / (RANK_FUSION + _ranks(values)) for values in (stored @ vector, words))
        hits += numbers[int(np.argmax(fused))] == asked.number
    return hits / len(company.documents.asked)


def _ranks(values: NDArray[np.floating]) -> Floats:
    ranks = np.empty(len(values))
    ranks[np.argsort(-values, kind="stable")] = np.arange(1, len(values) + 1)
    return ranks


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
