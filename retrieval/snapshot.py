"""Index snapshots on disk: folders of kind "index_snapshot".

questions.faiss, passages.faiss     vectors (exact or HNSW), row i under the i-th record's number
questions.jsonl, passages.jsonl     one record a line in row order: [number, answer_id, text, language]
                                    and for passages a fifth field, the heading
sections.faiss, sections.jsonl,     where there are documents; see retrieval.sources_files. Snapshots written before
sentences.safetensors               there were any do without
manifest.json                       meta: encoder (fingerprint, name, dimension), counts, backgrounds, and
                                    what the caller gave
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.artifacts import JsonValue, Manifest, Writer, verify_artifact, write_artifact
from retrieval.background import Background, Backgrounds, Spread
from retrieval.bm25 import Bm25
from retrieval.documents import Documents
from retrieval.encoder import Encoder
from retrieval.errors import ArtifactError
from retrieval.index import VectorIndex
from retrieval.lexical import tokenize_lexical
from retrieval.models import reads_chinese
from retrieval.records import PassageRecord, QuestionRecord
from retrieval.sources import EncodedSections, Sources
from retrieval.sources_files import SECTIONS, read_encoded, read_sources, sources_writers
from retrieval.view import Owners, View, numbers_by_answer, passage_key, question_key, texts_by_answer

KIND = "index_snapshot"
QUESTIONS, PASSAGES = "questions.jsonl", "passages.jsonl"


def write_snapshot(path: Path, view: View, *, encoder: Encoder, meta: Mapping[str, JsonValue]) -> Manifest:
    """Writes `view`; `meta` must not use the names this module uses itself."""
    questions = [view.questions[int(number)] for number in view.question_index.numbers()]
    passages = [view.passages[int(number)] for number in view.passage_index.numbers()]
    question_rows = ([q.number, q.answer_id, q.text, q.language] for q in questions)
    passage_rows = ([p.number, p.answer_id, p.text, p.language, view.headings[p.number]] for p in passages)
    own: dict[str, JsonValue] = {
        "encoder": {"fingerprint": encoder.fingerprint, "name": encoder.name, "dimension": encoder.dimension},
        "questions": len(questions),
        "passages": len(passages),
        "sections": len(view.sources.sections),
        "backgrounds": _backgrounds_json(view.backgrounds),
    }
    files: dict[str, Writer] = {
        "questions.faiss": lambda file: _write_index(view.question_index, file),
        "passages.faiss": lambda file: _write_index(view.passage_index, file),
        QUESTIONS: lambda file: _write_lines(file, question_rows),
        PASSAGES: lambda file: _write_lines(file, passage_rows),
        **sources_writers(view.sources),
    }
    return write_artifact(path, kind=KIND, files=files, meta={**meta, **own})


def read_snapshot(path: Path, *, encoder: Encoder) -> View:
    """Verifies and loads.

    Raises:
        ArtifactError: damaged, or built with an encoder of another fingerprint.
    """
    manifest = verify_artifact(path, kind=KIND)
    built_with = manifest.meta["encoder"]
    if built_with["fingerprint"] != encoder.fingerprint:
        raise ArtifactError(
            path,
            f"was built with the encoder {built_with['name']!r} ({built_with['fingerprint'][:12]}), "
            f"not with {encoder.name!r} ({encoder.fingerprint[:12]})",
            remedy="Load it with the checkpoint it belongs to, or build a snapshot with this encoder.",
        )
    questions = [QuestionRecord(*row) for row in record_rows(path / QUESTIONS)]
    rows = list(record_rows(path / PASSAGES))
    passages = [PassageRecord(*row[:4]) for row in rows]
    dimension = encoder.dimension
    documents = Documents.of(texts_by_answer([*questions, *passages]), bilingual=reads_chinese(encoder.name))
    by_number = {q.number: q for q in questions}, {p.number: p for p in passages}
    return View(
        questions=by_number[0],
        passages=by_number[1],
        headings={row[0]: row[4] for row in rows},
        question_numbers=numbers_by_answer(questions),
        passage_numbers=numbers_by_answer(passages),
        question_owners=Owners.of(by_number[0], documents),
        passage_owners=Owners.of(by_number[1], documents),
        question_index=VectorIndex.load(path / "questions.faiss", _numbers(questions), dimension=dimension),
        passage_index=VectorIndex.load(path / "passages.faiss", _numbers(passages), dimension=dimension),
        lexical=Bm25.of(
            [question_key(q.number) for q in questions] + [passage_key(p.number) for p in passages],
            map(tokenize_lexical, [q.text for q in questions] + [p.text for p in passages]),
        ),
        documents=documents,
        backgrounds=_backgrounds(manifest.meta["backgrounds"]),
        sources=read_sources(path, dimension=dimension)
        if SECTIONS in manifest.files
        else Sources.empty(dimension),
    )


def read_encoded_sections(path: Path, *, encoder: Encoder) -> EncodedSections:
    """The sections of a snapshot as they are encoded in it; none where it was built with an encoder of another fingerprint.

    Raises:
        ArtifactError: damaged, or not there.
    """
    manifest = verify_artifact(path, kind=KIND)
    if SECTIONS not in manifest.files or manifest.meta["encoder"]["fingerprint"] != encoder.fingerprint:
        return EncodedSections.none(encoder.dimension)
    return read_encoded(path, dimension=encoder.dimension)


def _numbers(records: Iterable[QuestionRecord | PassageRecord]) -> Any:
    return np.array([record.number for record in records], np.int64)


def _write_index(index: VectorIndex, file: Path) -> None:
    index.write(file)


def _write_lines(file: Path, rows: Iterable[list[Any]]) -> None:
    with file.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def record_rows(file: Path) -> Iterator[list[Any]]:
    """The rows of a verified snapshot's QUESTIONS or PASSAGES, as they are."""
    with file.open(encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def _backgrounds_json(backgrounds: Backgrounds) -> dict[str, JsonValue]:
    return {
        language: [each.questions.mean, each.questions.deviation, each.passages.mean, each.passages.deviation]
        for language, each in backgrounds.items()
    }


def _backgrounds(document: Mapping[str, Sequence[float]]) -> Backgrounds:
    return {
        language: Background(Spread(*numbers[:2]), Spread(*numbers[2:]))
        for language, numbers in document.items()
    }
