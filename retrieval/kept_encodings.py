"""Encodings of sections that came after a snapshot was built, beside it: what one process has encoded, no other and no later one
encodes again.

A file holds a block: "vectors" (n, d) float32 and "directions" (s, d) int8 as in :mod:`retrieval.sources_files`; its metadata the encoder's
fingerprint and, section by section, [number, section_id, [[begin, end] of each sentence]]. Texts are not kept. A section never
changes, so that what is found by number and id holds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import numpy as np

from retrieval.artifacts import write_whole
from retrieval.encoder import Encoder
from retrieval.errors import ArtifactError
from retrieval.records import SectionRecord
from retrieval.snapshot import read_encoded_sections
from retrieval.sources import EncodedSections, Section, encode_sections, joined

SUFFIX = ".safetensors"
_ENCODER, _SECTIONS, _VECTORS, _DIRECTIONS = "encoder", "sections", "vectors", "directions"


class KeptEncodings:
    """Several processes may use one folder; it need not be there yet."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self._folder = folder
        self._encoder = encoder

    def find(self, records: Sequence[SectionRecord]) -> EncodedSections:
        """Those of the sections that are kept, in rising order of number. Files that cannot be read are passed over."""
        wanted = {record.number: record for record in records}
        parts = [self._read(file, wanted) for file in sorted(self._folder.glob(f"*{SUFFIX}"))]
        return joined([part for part in parts if part is not None], self._encoder.dimension)

    def of(self, records: Sequence[SectionRecord]) -> EncodedSections:
        """As kept where this very block is, else encoded now, and kept.

        Raises:
            OSError: it could not be kept.
        """
        file = self._folder / f"{_digest(records)}{SUFFIX}"
        found = self._read(file, {record.number: record for record in records})
        if found is not None and len(found.sections) == len(records):
            return found
        encoded = encode_sections(self._encoder, records)
        self._write(file, encoded)
        return encoded

    def _read(self, file: Path, wanted: Mapping[int, SectionRecord]) -> EncodedSections | None:
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(str(file), framework="numpy") as opened:
                told = opened.metadata()
                if told[_ENCODER] != self._encoder.fingerprint:
                    return None
                rows = json.loads(told[_SECTIONS])
                vectors, directions = (opened.get_tensor(name) for name in (_VECTORS, _DIRECTIONS))
        except (OSError, SafetensorError, KeyError, ValueError):
            return None
        sections: dict[int, Section] = {}
        chosen: list[int] = []
        end = 0
        for row, (number, section_id, places) in enumerate(rows):
            begin, end = end, end + 1 + len(places)
            record = wanted.get(number)
            if record is not None and record.section_id == section_id:
                spans = tuple((start, stop) for start, stop in places)
                sections[number] = Section(record, spans, directions[begin:end])
                chosen.append(row)
        return EncodedSections(sections, vectors[chosen])

    def _write(self, file: Path, encoded: EncodedSections) -> None:
        """Whole or not at all, whoever else writes the same."""
        from safetensors.numpy import save_file

        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sections = list(encoded.sections.values())
        rows = [[each.record.number, each.record.section_id, each.spans] for each in sections]
        directions = np.concatenate([section.directions for section in sections])
        tensors = {_VECTORS: encoded.vectors, _DIRECTIONS: directions}
        told = {_ENCODER: self._encoder.fingerprint, _SECTIONS: json.dumps(rows)}
        unfinished = file.with_name(f".{file.name}.{uuid4().hex}")
        try:
            write_whole(unfinished, lambda file: save_file(tensors, str(file), metadata=told))
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)


def encoded_before(
    snapshot: Path, *, later: Path, encoder: Encoder, records: Sequence[SectionRecord]
) -> EncodedSections:
    """Those of the sections that were encoded for an index snapshot, or since, in the folder `later` beside it, by the same encoder.

    None of a snapshot that is damaged or gone.
    """
    try:
        there = read_encoded_sections(snapshot, encoder=encoder)
    except (ArtifactError, OSError):
        there = EncodedSections.none(encoder.dimension)
    missing = [record for record in records if record.number not in there.sections]
    return joined([there, KeptEncodings(later, encoder).find(missing)], encoder.dimension)


def _digest(records: Sequence[SectionRecord]) -> str:
    told = json.dumps(sorted((record.number, record.section_id) for record in records))
    return hashlib.sha256(told.encode()).hexdigest()[:32]
