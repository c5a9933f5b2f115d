"""Which sections of the documents a message may be about, with the evidence for each.

Similarities are told in standard deviations above what this very message has with any section (the "Z-norm" of speaker
verification, Auckenthaler, Carey, Lloyd-Thomas 2000, "Score normalization for text-independent speaker verification systems"),
so that one set of weights serves every encoder, company and size of message.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from retrieval.lexical import tokenize_lexical
from retrieval.records import Language
from retrieval.sources import Floats, Levels, Section, Sources

NEAREST = 30  # sections by meaning, and as many by words
LIMIT = 6
LEAST_DEVIATION = 0.01

PARTS = ("standing", "sentence", "heading", "words", "heading_words")
# A conditional logit (McFadden 1974) on FeedbackQA's training questions gave 0.88, 0.27, 0.88, 6.55 and 8.0. On its validation
# questions the right section comes first for 0.51 (Australia) and 0.64 (CDC), where meaning alone has 0.40 and 0.50, words alone
# 0.39 and 0.46, and their rank fusion 0.41 and 0.53 (`python -m training benchmark composed`).
WEIGHTS = (0.9, 0.25, 0.9, 6.5, 8.0)


@dataclass(frozen=True, slots=True, eq=False)
class SentenceHit:
    """A sentence as it stands in its section.

    Attributes:
        standing: above the background, as a section's.
        terms: those of the utterance that it has.
        direction: (d,) int8 of its vector.
    """

    text: str
    standing: float
    terms: frozenset[str]
    direction: Levels


@dataclass(frozen=True, slots=True, eq=False)
class SectionHit:
    """A section that may hold what was asked. Every number is oriented so that higher is better.

    Attributes:
        heading: the path to it, the document's title first.
        standing, sentence_standing, heading_standing: of heading with text, of the best sentence, and of the heading alone, in
            standard deviations above the background.
        words, heading_words: share of the utterance's BM25 weight that the section and its heading cover, 0 to 1.
        relevance: the fused logit that orders sections.
        heading_terms: those of the utterance that the heading has.
        sentences: all of the section, in its order.
    """

    number: int
    section_id: str
    document_id: str
    heading: str
    language: Language
    standing: float
    sentence_standing: float
    heading_standing: float
    words: float
    heading_words: float
    relevance: float
    heading_terms: frozenset[str]
    sentences: tuple[SentenceHit, ...]


@dataclass(frozen=True, slots=True)
class SectionsFound:
    """`sections` by falling relevance, and how much each of the utterance's terms weighs, together 1."""

    sections: tuple[SectionHit, ...] = ()
    term_weights: Mapping[str, float] = field(default_factory=dict)


NOTHING_FOUND = SectionsFound()


def search_sections(
    sources: Sources,
    terms: Sequence[str],
    vector: Floats,
    *,
    limit: int = LIMIT,
    exclude: Collection[int] = (),
) -> SectionsFound:
    """The `limit` sections of highest relevance for an utterance's `terms` and unit row (d,), without those of `exclude`."""
    if not sources.sections:
        return NOTHING_FOUND
    numbers, parts, similarities = _evidence(sources, terms, vector, exclude)
    relevance = parts @ np.array(WEIGHTS)
    order = np.lexsort((numbers, -relevance))[:limit]
    idf = sources.lexical.idf(terms)
    total = sum(idf.values())
    hits = (
        _hit(
            sources.sections[int(numbers[row])],
            parts[row],
            float(relevance[row]),
            similarities[row],
            idf.keys(),
        )
        for row in order.tolist()
    )
    return SectionsFound(tuple(hits), {term: weight / total for term, weight in idf.items()} if total else {})


def _evidence(
    sources: Sources, terms: Sequence[str], vector: Floats, exclude: Collection[int]
) -> tuple[NDArray[np.int64], NDArray[np.float64], list[Floats]]:
    """(n,) numbers of sections, (n, p) their PARTS, and the standings of each one's heading and sentences."""
    near = sources.index.search(vector, NEAREST, exclude=exclude)
    worded = sources.lexical.search(terms, NEAREST, exclude=exclude)
    headed = sources.headings.search(terms, NEAREST, exclude=exclude)
    numbers = np.unique(np.concatenate([near.numbers, worded.keys, headed.keys]))
    common = sources.background @ vector
    mean, deviation = float(common.mean()), max(float(common.std()), LEAST_DEVIATION)
    standings = [
        (sources.sections[number].similarities(vector) - mean) / deviation for number in numbers.tolist()
    ]
    whole = (sources.index.vectors(numbers.tolist()) @ vector - mean) / deviation
    parts = np.zeros((len(numbers), len(PARTS)))
    parts[:, 0] = whole
    parts[:, 1] = [each[1:].max(initial=-np.inf) for each in standings]
    parts[:, 2] = [each[0] for each in standings]
    parts[np.searchsorted(numbers, worded.keys), 3] = worded.shares
    parts[np.searchsorted(numbers, headed.keys), 4] = headed.shares
    return numbers, parts, standings


def _hit(
    section: Section, parts: NDArray[np.float64], relevance: float, standings: Floats, asked: Set[str]
) -> SectionHit:
    record = section.record
    standing, sentence_standing, heading_standing, words, heading_words = parts.tolist()
    return SectionHit(
        number=record.number,
        section_id=record.section_id,
        document_id=record.document_id,
        heading=record.heading,
        language=record.language,
        standing=standing,
        sentence_standing=sentence_standing,
        heading_standing=heading_standing,
        words=words,
        heading_words=heading_words,
        relevance=relevance,
        heading_terms=frozenset(asked & terms_of(record.heading)),
        sentences=tuple(
            SentenceHit(text, own, frozenset(asked & terms_of(text)), direction)
            for text, own, direction in zip(
                section.sentences(), standings[1:].tolist(), section.directions[1:], strict=True
            )
        ),
    )


@lru_cache(maxsize=20_000)
def terms_of(text: str) -> frozenset[str]:
    return frozenset(tokenize_lexical(text))
