"""Sections of documents and their sentences, searched apart from the approved answers.

Nothing here is an answer, and nothing an answer's evidence is made of is kept here: with or without documents, approved
answers are found and judged alike. A `Sources` never changes; a change makes another one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.bm25 import Bm25
from retrieval.encoder import Encoder
from retrieval.index import VectorIndex
from retrieval.lexical import tokenize_lexical
from retrieval.normalize import normalize
from retrieval.records import SectionRecord
from retrieval.sentences import Span, sentence_spans

Floats = NDArray[np.float32]
Levels = NDArray[np.int8]
Progress = Callable[[int, int], None]

LEVELS = 127
BLOCK = 1024  # sections encoded at once, so that memory stays flat
MANY = 200  # sections; a change of so many indexes all words and vectors anew


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A section with its sentences: their places in its text, and (s, d) int8 directions."""

    record: SectionRecord
    spans: tuple[Span, ...]
    directions: Levels

    def sentences(self) -> list[str]:
        return [self.record.text[begin:end] for begin, end in self.spans]

    def sentence_similarities(self, vector: Floats) -> Floats:
        """(s,) cosine of each sentence with the unit row `vector` (d,)."""
        rows = self.directions.astype(np.float32)
        lengths = np.linalg.norm(rows, axis=1)
        found: Floats = (rows @ vector) / np.maximum(lengths, 1.0)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """`index` and `lexical` are over headings with texts, under the sections' numbers."""

    sections: Mapping[int, Section]
    index: VectorIndex
    lexical: Bm25

    @classmethod
    def empty(cls, dimension: int) -> Sources:
        nothing = np.empty((0, dimension), np.float32)
        return cls({}, VectorIndex.of([], nothing, dimension=dimension), Bm25.of([], []))

    @classmethod
    def of(
        cls, encoder: Encoder, records: Iterable[SectionRecord], *, progress: Progress | None = None
    ) -> Sources:
        """Encodes and indexes; `progress` gets (sections done, sections in all)."""
        ordered = sorted(records, key=lambda record: record.number)
        if not ordered:
            return cls.empty(encoder.dimension)
        sections, vectors = _encoded(encoder, ordered, progress)
        return cls.indexed(sections, VectorIndex.of(list(sections), vectors, dimension=encoder.dimension))

    @classmethod
    def indexed(cls, sections: Mapping[int, Section], index: VectorIndex) -> Sources:
        """Of sections whose vectors are there already, in rising order of number."""
        words = (section_terms(section.record) for section in sections.values())
        return cls(sections, index, Bm25.of(list(sections), words))

    def changed(self, encoder: Encoder, *, add: Sequence[SectionRecord], remove: Collection[int]) -> Sources:
        """Without `remove` and with `add`; itself where nothing changes."""
        gone = {number for number in remove if number in self.sections}
        if not add and not gone:
            return self
        sections, vectors = _encoded(encoder, sorted(add, key=lambda record: record.number), None)
        kept = {number: section for number, section in self.sections.items() if number not in gone}
        index = self.index.changed(add=list(sections), vectors=vectors, remove=gone)
        after = dict(sorted((kept | sections).items()))
        if not self.sections or len(add) >= MANY:
            return self.indexed(after, index.whole())
        words = {number: section_terms(each.record) for number, each in sections.items()}
        return Sources(after, index, self.lexical.changed(add=words, remove=gone))


def section_text(record: SectionRecord) -> str:
    """What is searched: the heading path, then the text."""
    return f"{record.heading}\n{record.text}" if record.heading else record.text


def section_terms(record: SectionRecord) -> list[str]:
    return tokenize_lexical(section_text(record))


def _encoded(
    encoder: Encoder, records: Sequence[SectionRecord], progress: Progress | None
) -> tuple[dict[int, Section], Floats]:
    """Sections by number in the order of `records`, and their (n, d) vectors."""
    sections: dict[int, Section] = {}
    vectors = np.empty((len(records), encoder.dimension), np.float32)
    for begin in range(0, len(records), BLOCK):
        block = records[begin : begin + BLOCK]
        encoded, vectors[begin : begin + len(block)] = _encoded_block(encoder, block)
        sections.update((each.record.number, each) for each in encoded)
        if progress is not None:
            progress(begin + len(block), len(records))
    return sections, vectors


def _encoded_block(encoder: Encoder, records: Sequence[SectionRecord]) -> tuple[list[Section], Floats]:
    spans = [tuple(sentence_spans(record.text)) for record in records]
    texts = [normalize(section_text(record)) for record in records]
    sentences = [
        normalize(record.text[begin:end])
        for record, places in zip(records, spans, strict=True)
        for begin, end in places
    ]
    rows = encoder.encode_passages([*texts, *sentences])
    directions = directions_of(rows[len(texts) :])
    ends = np.cumsum([len(places) for places in spans]).tolist()
    sections = [
        Section(record, places, directions[end - len(places) : end])
        for record, places, end in zip(records, spans, ends, strict=True)
    ]
    return sections, rows[: len(texts)]


def directions_of(rows: Floats) -> Levels:
    """(n, d) int8 rows in the same directions, a quarter of the room; cosines move by some 0.0005."""
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=1e-12)
    levels: Levels = np.rint(rows * (LEVELS / largest)).astype(np.int8)
    return levels
