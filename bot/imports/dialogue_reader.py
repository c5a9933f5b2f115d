"""Past dialogues: JSON Lines with `turns`, or a table with one turn a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from bot.imports import fields
from bot.imports.columns import DIALOGUES, Columns, canonical_keys
from bot.imports.fields import FieldError
from bot.imports.html_texts import plain_text
from bot.imports.json_entries import Entry
from bot.imports.records import Dialogue, RejectedLine, Turn
from bot.imports.tables import Record, Table

MAX_TURNS = 2_000
_TOO_MANY = f"a dialogue may have {MAX_TURNS:,} turns: split it under several conversation ids"

_BAD_ID = f"the conversation_id {{}} is empty or longer than {fields.MAX_ID_CHARACTERS} characters: give each dialogue an id"


def read_dialogue_entries(entries: Iterator[Entry | RejectedLine]) -> Iterator[Dialogue | RejectedLine]:
    """Dialogues from JSON objects; a bad turn is rejected by its number, the other turns stay."""
    for entry in entries:
        if isinstance(entry, RejectedLine):
            yield entry
            continue
        try:
            yield from _dialogue(entry)
        except FieldError as error:
            yield RejectedLine(entry.line, str(error))


def _dialogue(entry: Entry) -> Iterator[Dialogue | RejectedLine]:
    given = _by_column(entry.value)
    conversation_id = fields.identifier(given.get("conversation_id"), name="conversation_id")
    language = fields.language(given.get("language"))
    listed = given.get("turns")
    if not isinstance(listed, list):
        raise FieldError(f'turns is {fields.shown(listed)}, not a list: write [{{"role": …, "text": …}}]')
    turns: list[Turn] = []
    for number, value in enumerate(listed[:MAX_TURNS], start=1):
        try:
            turns.append(_turn(value))
        except FieldError as error:
            yield RejectedLine(entry.line, f"turn {number}: {error}")
    if len(listed) > MAX_TURNS:
        yield RejectedLine(
            entry.line, f"turns {MAX_TURNS + 1:,} to {len(listed):,} were left out: {_TOO_MANY}"
        )
    if not turns:
        raise FieldError(f"the conversation {fields.shown(conversation_id)} has no turn that can be used")
    yield Dialogue(conversation_id, tuple(turns), language, entry.line)


def _by_column(value: Mapping[str, object]) -> dict[str, object]:
    return {column: value[key] for column, key in canonical_keys(tuple(value), DIALOGUES).items()}


def _turn(value: object) -> Turn:
    if not isinstance(value, dict):
        raise FieldError(f"found {fields.shown(value)}, not an object with role and text")
    given = _by_column(value)
    return _turn_from(given.get("role"), given.get("text"), given.get("at"))


def _turn_from(role: object, text: object, at: object) -> Turn:
    known = fields.role(role)
    plain = plain_text(text)
    return Turn(known, fields.turn_text(plain, role=known), fields.time(at), html=plain is not text)


@dataclass(slots=True)
class _Open:
    """A conversation some of whose rows are still to come."""

    line: int
    turns: list[Turn] = field(default_factory=list)
    language: str | None = None


def read_dialogue_table(open_table: Callable[[], Table]) -> Iterator[Dialogue | RejectedLine]:
    """Dialogues from a table with one turn a row, given out when their last row has been read.

    The table is read twice: first to count the rows of each conversation, so that rows of several conversations may
    mingle and still only the unfinished ones are held in memory.
    """
    remaining = Counter(_conversation_ids(open_table()))
    table = open_table()
    opened: dict[str, _Open] = {}
    for record in table.records:
        if isinstance(record, RejectedLine):
            yield record
            continue
        conversation_id = _id_of(record, table.columns)
        if conversation_id is None:
            yield RejectedLine(
                record.line, _BAD_ID.format(fields.shown(_cells(record, table.columns)["conversation_id"]))
            )
            continue
        conversation = opened.get(conversation_id)
        if conversation is None:
            conversation = opened[conversation_id] = _Open(record.line)
        try:
            _add_turn(conversation, _cells(record, table.columns))
        except FieldError as error:
            yield RejectedLine(record.line, str(error))
        remaining[conversation_id] -= 1
        if not remaining[conversation_id]:
            del opened[conversation_id]
            if conversation.turns:
                yield Dialogue(
                    conversation_id, tuple(conversation.turns), conversation.language, conversation.line
                )


def _conversation_ids(table: Table) -> Iterator[str]:
    for record in table.records:
        if isinstance(record, Record):
            conversation_id = _id_of(record, table.columns)
            if conversation_id is not None:
                yield conversation_id


def _cells(record: Record, columns: Columns) -> dict[str, str]:
    return {column: record.cells[place] for column, place in columns.at.items()}


def _id_of(record: Record, columns: Columns) -> str | None:
    try:
        return fields.identifier(record.cells[columns.at["conversation_id"]], name="conversation_id")
    except FieldError:
        return None


def _add_turn(conversation: _Open, cells: Mapping[str, str]) -> None:
    if len(conversation.turns) >= MAX_TURNS:
        raise FieldError(_TOO_MANY)
    turn = _turn_from(cells["role"], cells["text"], cells.get("at"))
    language = fields.language(cells.get("language"))
    conversation.turns.append(turn)
    conversation.language = conversation.language or language
