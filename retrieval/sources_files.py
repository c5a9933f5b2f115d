"""Sections and their sentences within an index snapshot.

sections.faiss          vectors of headings with texts, row i under the i-th section's number
sections.jsonl          one section a line in row order: [number, section_id, document_id, heading, text, language,
                        [[begin, end] of each sentence]]
sentences.safetensors   "directions" (s, d) int8: each section's heading and sentences, one section after the other;
                        "reference" (r, d) float32
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.artifacts import Writer
from retrieval.errors import ArtifactError
from retrieval.index import VectorIndex
from retrieval.records import SectionRecord
from retrieval.sources import EncodedSections, Floats, Levels, Section, Sources

SECTIONS = "sections.jsonl"
_VECTORS, _SENTENCES, _DIRECTIONS = "sections.faiss", "sentences.safetensors", "directions"
_REFERENCE = "reference"


def sources_writers(sources: Sources) -> dict[str, Writer]:
    """File name -> what writes it; none where there are no sections."""
    if not sources.sections:
        return {}
    return {
        _VECTORS: lambda file: _write_vectors(sources, file),
        SECTIONS: lambda file: _write_sections(sources, file),
        _SENTENCES: lambda file: _write_directions(sources, file),
    }


def read_sources(folder: Path, *, dimension: int) -> Sources:
    """Reads the files of a verified snapshot. Raises ArtifactError where they do not belong together."""
    return Sources.indexed(*_read(folder, dimension))


def read_encoded(folder: Path, *, dimension: int) -> EncodedSections:
    """As `read_sources`, without indexing the words."""
    sections, index, _ = _read(folder, dimension)
    return EncodedSections(sections, index.vectors(list(sections)))


def _read(folder: Path, dimension: int) -> tuple[dict[int, Section], VectorIndex, Floats]:
    from safetensors.numpy import load_file

    tensors = load_file(str(folder / _SENTENCES))
    directions: Levels = tensors[_DIRECTIONS]
    sections: dict[int, Section] = {}
    end = 0
    for number, *fields, places in _rows(folder / SECTIONS):
        begin, end = end, end + 1 + len(places)
        spans = tuple((start, stop) for start, stop in places)
        sections[number] = Section(SectionRecord(number, *fields), spans, directions[begin:end])
    if directions.shape != (end, dimension):
        raise ArtifactError(
            folder,
            f"holds {directions.shape} numbers of headings and sentences, expected {(end, dimension)}",
            remedy="Build the index snapshot anew.",
            file=_SENTENCES,
        )
    numbers = np.fromiter(sections, np.int64, len(sections))
    index = VectorIndex.load(folder / _VECTORS, numbers, dimension=dimension)
    return sections, index, tensors[_REFERENCE]


def _rows(file: Path) -> Iterator[list[Any]]:
    with file.open(encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def _write_vectors(sources: Sources, file: Path) -> None:
    sources.index.write(file)


def _write_sections(sources: Sources, file: Path) -> None:
    with file.open("w", encoding="utf-8") as stream:
        for section in sources.sections.values():
            each = section.record
            row = [each.number, each.section_id, each.document_id, each.heading, each.text, each.language]
            stream.write(json.dumps([*row, section.spans], ensure_ascii=False) + "\n")


def _write_directions(sources: Sources, file: Path) -> None:
    from safetensors.numpy import save_file

    rows = np.concatenate([section.directions for section in sources.sections.values()])
    save_file({_DIRECTIONS: rows, _REFERENCE: sources.reference}, str(file))
