"""What a training run is given: a verified folder that the service writes and training reads.

The folder holds, one JSON object a line::

    questions.jsonl      {"number", "answer_id", "text", "language"}, and where they are known "source": who said that
                         the question belongs to the answer (a word of `bot.db.knowledge_tables.LabelSource`),
                         "trust": how much that counts, above 0 up to 1, and "conversation": the id of the one it comes
                         from, so that splits keep conversations together
    passages.jsonl       the first four, of approved answer texts
    out_of_scope.jsonl   {"text", "language"}, questions known to have no answer
    traffic.jsonl        {"text", "language"}, messages of customers, as often as they came, of which nobody said what is right
    manifest.json        kind "training_export"; its meta holds "export_schema", "rows" (by file), "label_sources"
                         (questions by source) and what the writer adds, such as the knowledge's revision

Equal knowledge gives equal bytes. What identifies a person is masked when it is written, by the rules of this version,
whatever earlier ones let through; reading refuses a line that holds such a thing, and a schema that it does not know.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from retrieval.artifacts import JsonValue, Manifest, Writer, verify_artifact, write_artifact
from retrieval.errors import ArtifactError
from retrieval.masking import PUBLIC_CONTACTS, mask
from retrieval.records import Knowledge, PassageRecord, QuestionRecord

EXPORT_KIND = "training_export"
EXPORT_SCHEMA = 2
UNKNOWN_SOURCE = "unknown"
QUESTIONS, PASSAGES = "questions.jsonl", "passages.jsonl"
OUT_OF_SCOPE, TRAFFIC = "out_of_scope.jsonl", "traffic.jsonl"
_Record = TypeVar("_Record", QuestionRecord, PassageRecord)
_REMEDY = "Export the knowledge again."


@dataclass(frozen=True, slots=True)
class TrainingExport:
    """A read export; `digest` is its manifest's, `sources`, `trust` and `conversations` are by question number.

    `out_of_scope` and `traffic` are (text, language).
    """

    knowledge: Knowledge
    out_of_scope: tuple[tuple[str, str], ...]
    digest: str
    sources: Mapping[int, str] = field(default_factory=dict)
    trust: Mapping[int, float] = field(default_factory=dict)
    conversations: Mapping[int, str] = field(default_factory=dict)
    traffic: tuple[tuple[str, str], ...] = ()


def write_training_export(
    target: Path,
    *,
    knowledge: Knowledge,
    out_of_scope: Sequence[tuple[str, str]],
    traffic: Sequence[tuple[str, str]] = (),
    meta: Mapping[str, JsonValue],
    sources: Mapping[int, str] | None = None,
    trust: Mapping[int, float] | None = None,
    conversations: Mapping[int, str] | None = None,
) -> Manifest:
    """Writes the folder, whole or not at all; `sources`, `trust` and `conversations` are by question number.

    Raises:
        ArtifactError: `target` exists, or the disk refuses.
    """
    sources = sources or {}
    known: dict[str, Mapping[int, object]] = {
        "source": sources,
        "trust": trust or {},
        "conversation": conversations or {},
    }
    rows = {
        QUESTIONS: [
            asdict(each)
            | {"text": mask(each.text).text}
            | {name: own[each.number] for name, own in known.items() if each.number in own}
            for each in sorted(knowledge.questions, key=_number)
        ],
        PASSAGES: [
            asdict(each) | {"text": _masked_passage(each.text)}
            for each in sorted(knowledge.passages, key=_number)
        ],
        OUT_OF_SCOPE: _messages(out_of_scope),
        TRAFFIC: _messages(traffic),
    }
    counted = Counter(sources.get(each.number, UNKNOWN_SOURCE) for each in knowledge.questions)
    facts: dict[str, JsonValue] = {
        "export_schema": EXPORT_SCHEMA,
        "rows": {name: len(lines) for name, lines in rows.items()},
        "label_sources": dict(sorted(counted.items())),
    }
    files: dict[str, Writer] = {name: _lines(lines) for name, lines in rows.items()}
    return write_artifact(target, kind=EXPORT_KIND, files=files, meta={**meta, **facts})


def read_training_export(path: Path) -> TrainingExport:
    """Verifies every hash, then reads.

    Raises:
        ArtifactError: missing, altered, of a schema that is not known, a line that is not what it should be or holds
            personal data.
    """
    manifest = verify_artifact(path, kind=EXPORT_KIND)
    if manifest.meta.get("export_schema") != EXPORT_SCHEMA:
        found = manifest.meta.get("export_schema")
        raise ArtifactError(
            path, f"has export schema {found!r}; this program reads {EXPORT_SCHEMA}", remedy=_REMEDY
        )
    rows = {name: _rows(path, name) for name in (QUESTIONS, PASSAGES, OUT_OF_SCOPE, TRAFFIC)}
    counts = {name: len(lines) for name, lines in rows.items()}
    if manifest.meta.get("rows") != counts:
        raise ArtifactError(
            path, f"has {counts} rows, not {manifest.meta.get('rows')} as it says", remedy=_REMEDY
        )
    for name, lines in rows.items():
        _refuse_unmasked(path, name, lines)
    questions = rows[QUESTIONS]
    sources, conversations = _taken(questions, "source"), _taken(questions, "conversation")
    trust = {int(row["number"]): _trust(row.pop("trust"), path) for row in questions if "trust" in row}
    knowledge = Knowledge(
        [_made(QuestionRecord, row, path, QUESTIONS) for row in questions],
        [_made(PassageRecord, row, path, PASSAGES) for row in rows[PASSAGES]],
    )
    unknown, traffic = (
        tuple((str(row["text"]), str(row["language"])) for row in rows[name])
        for name in (OUT_OF_SCOPE, TRAFFIC)
    )
    return TrainingExport(knowledge, unknown, manifest.digest, sources, trust, conversations, traffic)


def _messages(messages: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"text": mask(text).text, "language": language} for text, language in messages]


def _taken(rows: Iterable[dict[str, Any]], name: str) -> dict[int, str]:
    """An optional field by number, taken out of the rows."""
    return {int(row["number"]): str(row.pop(name)) for row in rows if name in row}


def _number(record: QuestionRecord | PassageRecord) -> int:
    return record.number


def _masked_passage(text: str) -> str:
    """A company's own hotline and address stay, as in `bot.knowledge.personal_data`."""
    masked = mask(text)
    return text if masked.counts.keys() <= PUBLIC_CONTACTS else masked.text


def _refuse_unmasked(path: Path, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    allowed = PUBLIC_CONTACTS if name == PASSAGES else frozenset()
    for line, row in enumerate(rows, start=1):
        found = sorted(mask(str(row.get("text", ""))).counts.keys() - allowed)
        if found:
            raise ArtifactError(
                path,
                f"line {line} holds personal data ({', '.join(found)}); nothing is learnt from it",
                remedy="Export the knowledge again with this version of Kefu, which masks it.",
                file=name,
            )


def _trust(value: object, path: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ArtifactError(
            path, f"has a trust of {value!r}, not above 0 and up to 1", remedy=_REMEDY, file=QUESTIONS
        )
    return float(value)


def _lines(rows: Iterable[Mapping[str, object]]) -> Writer:
    text = "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows)

    def write(file: Path) -> None:
        file.write_text(text, encoding="utf-8", newline="\n")

    return write


def _rows(path: Path, name: str) -> list[dict[str, Any]]:
    if not (path / name).is_file():
        raise ArtifactError(path, "is missing", remedy=_REMEDY, file=name)
    # Not splitlines(): a text may hold U+2028, which it takes for the end of a line.
    lines = (path / name).read_bytes().split(b"\n")
    try:
        rows = [json.loads(line) for line in lines if line]
    except ValueError as error:
        raise ArtifactError(path, f"is not JSON Lines ({error})", remedy=_REMEDY, file=name) from error
    if not all(isinstance(row, dict) for row in rows):
        raise ArtifactError(path, "has a line that is no object", remedy=_REMEDY, file=name)
    return rows


def _made(kind: type[_Record], row: dict[str, Any], path: Path, name: str) -> _Record:
    try:
        return kind(**row)
    except TypeError as error:
        raise ArtifactError(path, f"has another schema ({error})", remedy=_REMEDY, file=name) from error
