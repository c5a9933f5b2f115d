"""Sections of documents and their sentences, searched apart from the approved answers.

Nothing here is an answer, and nothing an answer's evidence is made of is kept here: with or without documents, approved
answers are found and judged alike. A `Sources` never changes; a change makes another one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.background import ENOUGH_RECORDS, REFERENCE
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
BACKGROUND = 256  # sections that tell what similarity a message has with any text


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A section with its sentences: their places in its text.

    `directions` (1 + s, d) int8 are those of the heading and of each sentence; the text's own where there is no heading.
    """

    record: SectionRecord
    spans: tuple[Span, ...]
    directions: Levels

    def sentences(self) -> list[str]:
        return [self.record.text[begin:end] for begin, end in self.spans]

    def similarities(self, vector: Floats) -> Floats:
        """(1 + s,) cosine of heading and sentences with the unit row `vector` (d,)."""
        return cosines(self.directions, vector)


@dataclass(frozen=True, slots=True, eq=False)
class EncodedSections:
    """`sections` by number and their (n, d) `vectors`, in the same order."""

    sections: Mapping[int, Section]
    vectors: Floats

    @classmethod
    def none(cls, dimension: int) -> EncodedSections:
        return cls({}, np.empty((0, dimension), np.float32))

    def only(self, records: Mapping[int, SectionRecord]) -> EncodedSections:
        """Those of the sections that are the very same here."""
        same = np.array([records.get(number) == each.record for number, each in self.sections.items()], bool)
        kept = [pair for pair, is_same in zip(self.sections.items(), same, strict=True) if is_same]
        return EncodedSections(dict(kept), self.vectors[same])


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """All under the sections' numbers.

    Attributes:
        index, lexical: over headings with texts.
        headings: over headings alone.
        reference: (r, d) unit rows of texts that have nothing to do with the company.
        background: (m, d) unit rows of at most BACKGROUND sections, with the reference where those are few.
    """

    sections: Mapping[int, Section]
    index: VectorIndex
    lexical: Bm25
    headings: Bm25
    reference: Floats
    background: Floats

    @classmethod
    def empty(cls, dimension: int) -> Sources:
        nothing = np.empty((0, dimension), np.float32)
        index = VectorIndex.of([], nothing, dimension=dimension)
        return cls({}, index, Bm25.of([], []), Bm25.of([], []), nothing, nothing)

    @classmethod
    def of(
        cls,
        encoder: Encoder,
        records: Iterable[SectionRecord],
        *,
        encoded: EncodedSections | None = None,
        progress: Progress | None = None,
    ) -> Sources:
        """Indexes, and encodes what is not among the `encoded` yet; `progress` gets (sections done, sections in all)."""
        wanted = {record.number: record for record in records}
        if not wanted:
            return cls.empty(encoder.dimension)
        there = (encoded or EncodedSections.none(encoder.dimension)).only(wanted)
        new = [record for number, record in wanted.items() if number not in there.sections]
        known = len(there.sections)
        if progress is not None and known:
            progress(known, len(wanted))
        made = encode_sections(encoder, new, progress=_after(progress, known))
        whole = joined([there, made], encoder.dimension)
        index = VectorIndex.of(list(whole.sections), whole.vectors, dimension=encoder.dimension)
        return cls.indexed(whole.sections, index, _reference(encoder))

    @classmethod
    def indexed(cls, sections: Mapping[int, Section], index: VectorIndex, reference: Floats) -> Sources:
        """Of sections whose vectors are there already, in rising order of number."""
        records = [section.record for section in sections.values()]
        return cls(
            sections=sections,
            index=index,
            lexical=Bm25.of(list(sections), map(section_terms, records)),
            headings=Bm25.of(list(sections), (tokenize_lexical(record.heading) for record in records)),
            reference=reference,
            background=_background(index, reference),
        )

    def changed(self, encoder: Encoder, *, add: EncodedSections, remove: Collection[int]) -> Sources:
        """Without `remove` and with `add`; itself where nothing changes."""
        gone = {number for number in remove if number in self.sections}
        sections = add.sections
        if not sections and not gone:
            return self
        kept = {number: section for number, section in self.sections.items() if number not in gone}
        index = self.index.changed(add=list(sections), vectors=add.vectors, remove=gone)
        reference = self.reference if len(self.reference) else _reference(encoder)
        after = dict(sorted({**kept, **sections}.items()))
        if not self.sections or len(sections) >= MANY:
            return self.indexed(after, index.whole(), reference)
        records = {number: each.record for number, each in sections.items()}
        words = {number: section_terms(record) for number, record in records.items()}
        headings = {number: tokenize_lexical(record.heading) for number, record in records.items()}
        return Sources(
            sections=after,
            index=index,
            lexical=self.lexical.changed(add=words, remove=gone),
            headings=self.headings.changed(add=headings, remove=gone),
            reference=reference,
            background=_background(index, reference),
        )


def section_text(record: SectionRecord) -> str:
    """What is searched: the heading path, then the text."""
    return f"{record.heading}\n{record.text}" if record.heading else record.text


def section_terms(record: SectionRecord) -> list[str]:
    return tokenize_lexical(section_text(record))


def encode_sections(
    encoder: Encoder, records: Iterable[SectionRecord], *, progress: Progress | None = None
) -> EncodedSections:
    """The costly part of indexing sections; `progress` gets (sections done, sections in all)."""
    ordered = sorted(records, key=lambda record: record.number)
    sections: dict[int, Section] = {}
    vectors = np.empty((len(ordered), encoder.dimension), np.float32)
    for begin in range(0, len(ordered), BLOCK):
        block = ordered[begin : begin + BLOCK]
        encoded, vectors[begin : begin + len(block)] = _encoded_block(encoder, block)
        sections.update((each.record.number, each) for each in encoded)
        if progress is not None:
            progress(begin + len(block), len(ordered))
    return EncodedSections(sections, vectors)


def joined(parts: Sequence[EncodedSections], dimension: int) -> EncodedSections:
    """One of each section, in rising order of number."""
    rows = {
        number: (section, part.vectors[row])
        for part in parts
        for row, (number, section) in enumerate(part.sections.items())
    }
    ordered = dict(sorted(rows.items()))
    vectors = np.stack([vector for _, vector in ordered.values()]) if ordered else np.empty((0, dimension))
    return EncodedSections(
        {number: section for number, (section, _) in ordered.items()}, vectors.astype(np.float32)
    )


def _encoded_block(encoder: Encoder, records: Sequence[SectionRecord]) -> tuple[list[Section], Floats]:
    spans = [tuple(sentence_spans(record.text)) for record in records]
    texts = [normalize(section_text(record)) for record in records]
    parts = [
        normalize(part)
        for record, places in zip(records, spans, strict=True)
        for part in (record.heading or record.text, *(record.text[begin:end] for begin, end in places))
    ]
    rows = encoder.encode_passages([*texts, *parts])
    directions = directions_of(rows[len(texts) :])
    ends = np.cumsum([1 + len(places) for places in spans]).tolist()
    sections = [
        Section(record, places, directions[end - 1 - len(places) : end])
        for record, places, end in zip(records, spans, ends, strict=True)
    ]
    return sections, rows[: len(texts)]


def _after(progress: Progress | None, done_before: int) -> Progress | None:
    if progress is None:
        return None
    return lambda done, total: progress(done_before + done, done_before + total)


def _reference(encoder: Encoder) -> Floats:
    return encoder.encode_passages([text for texts in REFERENCE.values() for text in texts])


def _background(index: VectorIndex, reference: Floats) -> Floats:
    numbers = index.numbers()
    if len(numbers) > BACKGROUND:
        numbers = numbers[np.linspace(0, len(numbers) - 1, BACKGROUND).astype(np.intp)]
    rows = index.vectors(numbers.tolist())
    return rows if len(rows) >= ENOUGH_RECORDS else np.concatenate([rows, reference])


def cosines(directions: Levels, vector: Floats) -> Floats:
    """(n,) cosine of int8 directions (n, d) with the unit row `vector` (d,)."""
    rows = directions.astype(np.float32)
    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows))
    found: Floats = (rows @ vector) / np.maximum(lengths, np.float32(1.0))
    return found


def directions_of(rows: Floats) -> Levels:
    """(n, d) int8 rows in the same directions, a quarter of the room; cosines move by some 0.0005."""
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=1e-12)
    levels: Levels = np.rint(rows * (LEVELS / largest)).astype(np.int8)
    return levels
