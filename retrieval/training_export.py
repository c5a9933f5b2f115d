"""What a training run is given: a verified folder that the service writes and training reads.

The folder holds, one JSON object a line::

    questions.jsonl      {"number", "answer_id", "text", "language"}, and where they are known "source": who said that the
                         question belongs to the answer (a word of `bot.db.knowledge_tables.LabelSource`), and
                         "conversation": the id of the one it comes from, so that splits keep conversations together
    passages.jsonl       the first four, of approved answer texts
    out_of_scope.jsonl   {"text", "language"}, questions known to have no answer
    manifest.json        kind "training_export"

Equal knowledge gives equal bytes. Texts are masked before they come here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from retrieval.artifacts import JsonValue, Manifest, Writer, verify_artifact, write_artifact
from retrieval.errors import ArtifactError
from retrieval.records import Knowledge, PassageRecord, QuestionRecord

EXPORT_KIND = "training_export"
QUESTIONS, PASSAGES, OUT_OF_SCOPE = "questions.jsonl", "passages.jsonl", "out_of_scope.jsonl"
_Record = TypeVar("_Record", QuestionRecord, PassageRecord)
_REMEDY = "Export the knowledge again."


@dataclass(frozen=True, slots=True)
class TrainingExport:
    """A read export; `digest` is its manifest's, `sources` and `conversations` are by question number."""

    knowledge: Knowledge
    out_of_scope: tuple[tuple[str, str], ...]
    digest: str
    sources: Mapping[int, str] = field(default_factory=dict)
    conversations: Mapping[int, str] = field(default_factory=dict)


def write_training_export(
    target: Path,
    *,
    knowledge: Knowledge,
    out_of_scope: Sequence[tuple[str, str]],
    meta: Mapping[str, JsonValue],
    sources: Mapping[int, str] | None = None,
    conversations: Mapping[int, str] | None = None,
) -> Manifest:
    """Writes the folder, whole or not at all; `sources` and `conversations` are by question number.

    Raises:
        ArtifactError: `target` exists, or the disk refuses.
    """
    known = {"source": sources or {}, "conversation": conversations or {}}
    files: dict[str, Writer] = {
        QUESTIONS: _lines(
            asdict(each) | {name: own[each.number] for name, own in known.items() if each.number in own}
            for each in sorted(knowledge.questions, key=_number)
        ),
        PASSAGES: _lines(asdict(each) for each in sorted(knowledge.passages, key=_number)),
        OUT_OF_SCOPE: _lines({"text": text, "language": language} for text, language in out_of_scope),
    }
    return write_artifact(target, kind=EXPORT_KIND, files=files, meta=meta)


def read_training_export(path: Path) -> TrainingExport:
    """Verifies every hash, then reads.

    Raises:
        ArtifactError: missing, altered, or a line that is not what it should be.
    """
    manifest = verify_artifact(path, kind=EXPORT_KIND)
    questions = _rows(path, QUESTIONS)
    sources, conversations = _taken(questions, "source"), _taken(questions, "conversation")
    knowledge = Knowledge(
        [_made(QuestionRecord, row, path, QUESTIONS) for row in questions],
        [_made(PassageRecord, row, path, PASSAGES) for row in _rows(path, PASSAGES)],
    )
    unknown = tuple((str(row["text"]), str(row["language"])) for row in _rows(path, OUT_OF_SCOPE))
    return TrainingExport(knowledge, unknown, manifest.digest, sources, conversations)


def _taken(rows: Iterable[dict[str, Any]], name: str) -> dict[int, str]:
    """An optional field by number, taken out of the rows."""
    return {int(row["number"]): str(row.pop(name)) for row in rows if name in row}


def _number(record: QuestionRecord | PassageRecord) -> int:
    return record.number


def _lines(rows: Iterable[Mapping[str, object]]) -> Writer:
    text = "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows)

    def write(file: Path) -> None:
        file.write_text(text, encoding="utf-8")

    return write


def _rows(path: Path, name: str) -> list[dict[str, Any]]:
    if not (path / name).is_file():
        raise ArtifactError(path, "is missing", remedy=_REMEDY, file=name)
    try:
        return [json.loads(line) for line in (path / name).read_text(encoding="utf-8").splitlines()]
    except ValueError as error:
        raise ArtifactError(path, f"is not JSON Lines ({error})", remedy=_REMEDY, file=name) from error


def _made(kind: type[_Record], row: dict[str, Any], path: Path, name: str) -> _Record:
    try:
        return kind(**row)
    except TypeError as error:
        raise ArtifactError(path, f"has another schema ({error})", remedy=_REMEDY, file=name) from error
