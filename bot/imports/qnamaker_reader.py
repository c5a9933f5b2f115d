"""Exports of Microsoft QnA Maker and of its successor, custom question answering.

TSV: columns Question, Answer, Source, Metadata (`key:value` pairs with `|` between) and others; one row a question, no
quoting, line ends written as `\\n`. JSON: `qnaDocuments` with id, answer, questions, metadata, or `Assets.Qnas` with the same
in capitals. Metadata become tags; the follow-up prompts are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bot.imports import fields
from bot.imports.columns import FAQ, explain_columns, fold_name, match_columns
from bot.imports.faq_reader import faq_row
from bot.imports.fields import FieldError
from bot.imports.json_entries import Entry, array_entries, json_document
from bot.imports.records import FaqRow, RejectedLine
from bot.imports.source import ImportFileError, Line, TextSource
from bot.imports.tables import HUGE_LINE

_LIST_BEGINS = re.compile(r'"(?:qnaDocuments|qnaList|Qnas|qnas)"\s*:\s*\[')
_ESCAPE = re.compile(r"\\([nrt\\])")
_ESCAPED = {"n": "\n", "r": "\n", "t": "\t", "\\": "\\"}


def is_qnamaker_header(header: tuple[str, ...]) -> bool:
    """Whether a table came from QnA Maker: its header has Source and Metadata beside question and answer."""
    folded = {fold_name(name) for name in header}
    return {"question", "answer", "source", "metadata"} <= folded


def is_qnamaker_document(head: str) -> bool:
    """Whether the beginning of a JSON file shows one of the lists of an export."""
    return head.lstrip("\ufeff \t\r\n").startswith("{") and _LIST_BEGINS.search(head) is not None


def read_qnamaker(source: TextSource) -> Iterator[FaqRow | RejectedLine]:
    """Rows of either export; raises ImportFileError for a file that is neither."""
    lines = _filled_lines(source)
    first = next(lines, None)
    if first is None:
        raise ImportFileError(f"{source.path.name} is empty: there is nothing to import")
    if (first.text or "").lstrip("\ufeff \t").startswith("{"):
        return _from_json(source)
    return _from_tsv(source.path.name, first.text or "", lines)


def _filled_lines(source: TextSource) -> Iterator[Line]:
    return (line for line in source.lines() if line.text is None or line.text.strip().strip("\ufeff"))


def _from_tsv(name: str, first: str, lines: Iterator[Line]) -> Iterator[FaqRow | RejectedLine]:
    header = _split(first)
    columns = match_columns(header, FAQ)
    if columns is None:
        raise ImportFileError(f"{name}: {explain_columns(header, [FAQ])}")
    places = dict(columns.at)
    metadata = next((place for place, cell in enumerate(header) if fold_name(cell) == "metadata"), None)
    if metadata is not None:
        places["tags"] = metadata
    for line in lines:
        try:
            yield _tsv_row(line, places, width=len(header))
        except FieldError as error:
            yield RejectedLine(line.number, str(error))


def _tsv_row(line: Line, places: Mapping[str, int], *, width: int) -> FaqRow:
    if line.text is None:
        raise FieldError(HUGE_LINE)
    cells = _split(line.text)
    if len(cells) <= max(places.values()) or len(cells) > width:
        raise FieldError(
            f"the line beginning {fields.shown(cells[0])} has {len(cells)} columns, the header has {width}: "
            "a tab or line end stands inside a field"
        )
    return faq_row({column: cells[place] for column, place in places.items()}, line=line.number)


def _split(text: str) -> list[str]:
    return [_unescaped(cell) for cell in text.rstrip("\n").split("\t")]


def _unescaped(cell: str) -> str:
    if len(cell) > 1 and cell.startswith('"') and cell.endswith('"'):
        cell = cell[1:-1].replace('""', '"')
    return _ESCAPE.sub(lambda match: _ESCAPED[match[1]], cell)


def _from_json(source: TextSource) -> Iterator[FaqRow | RejectedLine]:
    text, _ = json_document(source)
    begin = _LIST_BEGINS.search(text)
    if begin is None:
        raise ImportFileError(
            f'{source.path.name} has no list "qnaDocuments" or "Qnas": is it a QnA Maker export?'
        )
    for entry in array_entries(text, begin.end()):
        if isinstance(entry, RejectedLine):
            yield entry
            continue
        try:
            yield _json_row(entry)
        except FieldError as error:
            yield RejectedLine(entry.line, str(error))


def _json_row(entry: Entry) -> FaqRow:
    value = {key.casefold(): inner for key, inner in entry.value.items()}
    questions = value.get("questions")
    if not isinstance(questions, list):
        raise FieldError(f"questions is {fields.shown(questions)}, not a list of texts")
    if not questions:
        raise FieldError("the list of questions is empty: fill it in or remove the entry")
    given = {
        "question": questions[0],
        "phrasings": questions[1:],
        "answer": value.get("answer"),
        "tags": _metadata_tags(value.get("metadata")),
    }
    return faq_row(given, line=entry.line)


def _metadata_tags(metadata: object) -> list[str]:
    """`[{"name": n, "value": v}]` of QnA Maker or `{n: v}` of custom question answering as `n:v`."""
    if isinstance(metadata, dict):
        return [f"{name}:{value}" for name, value in metadata.items()]
    if not isinstance(metadata, list):
        return []
    pairs = [pair for pair in metadata if isinstance(pair, dict)]
    return [f"{pair['name']}:{pair['value']}" for pair in pairs if "name" in pair and "value" in pair]
