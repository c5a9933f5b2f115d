"""Rows of a FAQ: one question and its answer, from a table or from JSON objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.imports import fields
from bot.imports.columns import FAQ, canonical_keys
from bot.imports.fields import FieldError
from bot.imports.html_texts import plain_text
from bot.imports.json_entries import Entry
from bot.imports.records import FaqRow, RejectedLine
from bot.imports.tables import Record, Table


def read_faq_table(table: Table) -> Iterator[FaqRow | RejectedLine]:
    """One FaqRow a record; several phrasing columns are joined."""
    for record in table.records:
        if isinstance(record, RejectedLine):
            yield record
            continue
        try:
            yield faq_row(_given(record, table), line=record.line)
        except FieldError as error:
            yield RejectedLine(record.line, str(error))


def _given(record: Record, table: Table) -> dict[str, object]:
    given: dict[str, object] = {column: record.cells[place] for column, place in table.columns.at.items()}
    listed: list[object] = []
    for place in table.columns.phrasings:
        listed += fields.listed_phrasings(record.cells[place])
    given["phrasings"] = listed
    return given


def read_faq_entries(entries: Iterator[Entry | RejectedLine]) -> Iterator[FaqRow | RejectedLine]:
    """One FaqRow a JSON object; a list under `question` is a question and its further phrasings."""
    for entry in entries:
        if isinstance(entry, RejectedLine):
            yield entry
            continue
        try:
            yield faq_row(_from_object(entry.value), line=entry.line)
        except FieldError as error:
            yield RejectedLine(entry.line, str(error))


def _from_object(value: Mapping[str, object]) -> dict[str, object]:
    given = {column: value[key] for column, key in canonical_keys(tuple(value), FAQ).items()}
    question = given.get("question")
    if isinstance(question, list) and question:
        given["question"] = question[0]
        given["phrasings"] = [*question[1:], *fields.listed_phrasings(given.get("phrasings"))]
    return given


def faq_row(given: Mapping[str, object], *, line: int) -> FaqRow:
    """The row from values by canonical column; raises FieldError for the first that can't be used."""
    written = [given.get("question"), given.get("answer"), *fields.listed_phrasings(given.get("phrasings"))]
    asked, answer, *phrasings = texts = [plain_text(value) for value in written]
    question = fields.question_text(asked)
    key = given.get("answer_key")
    valid_from = fields.time(given.get("valid_from"), name="valid_from")
    valid_until = fields.time(given.get("valid_until"), name="valid_until")
    if valid_from and valid_until and valid_until <= valid_from:
        raise FieldError(
            f"valid_until {valid_until.isoformat()} must come after valid_from: mend one of them"
        )
    blank_key = key is None or (isinstance(key, str) and not key.strip())
    return FaqRow(
        question=question,
        answer=fields.answer_text(answer),
        phrasings=tuple(text for text in fields.phrasings(phrasings) if text != question),
        intent=fields.short_text(given.get("intent"), name="intent"),
        language=fields.language(given.get("language")),
        tags=fields.tags(given.get("tags")),
        answer_key=None if blank_key else fields.identifier(key, name="answer_key"),
        line=line,
        valid_from=valid_from,
        valid_until=valid_until,
        html=sum(text is not value for text, value in zip(texts, written, strict=True)),
    )
