"""JSON Lines, or a JSON array, as values with the line each begins on."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from bot.imports.fields import shown
from bot.imports.records import RejectedLine
from bot.imports.source import ImportFileError, TextSource
from bot.imports.tables import HUGE_LINE

_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")
_BLANK_OR_COMMA = re.compile(r"[ \t\r\n]*(,?)[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Entry:
    """One JSON object; `line` is where it begins."""

    line: int
    value: dict[str, object]


def json_entries(source: TextSource) -> Iterator[Entry | RejectedLine]:
    """The objects of a file: one a line, or the elements of one array over the whole file."""
    if _is_array(source):
        text = source.read_document()
        end = yield from array_entries(text, text.index("[") + 1)
        if rest := text[end:].strip():
            number = 1 + text.count("\n", 0, len(text) - len(text[end:].lstrip()))
            yield RejectedLine(number, f"{shown(rest)} follows the end of the array: put it inside")
        return
    for line in source.lines():
        if line.text is None:
            yield RejectedLine(line.number, HUGE_LINE)
        elif line.text.strip(" \t\r\n\ufeff"):
            yield _from_line(line.text.strip("\ufeff \t\r\n"), line.number)


def _is_array(source: TextSource) -> bool:
    for line in source.lines():
        text = (line.text or "").strip("\ufeff \t\r\n")
        if text:
            return text.startswith("[") and not _is_complete_without_objects(text)
    return False


def _is_complete_without_objects(text: str) -> bool:
    """Whether it is a bad line of JSON Lines such as `[1, 2]` rather than the beginning of an array of objects."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return not any(isinstance(element, dict) for element in value)


def _from_line(text: str, number: int) -> Entry | RejectedLine:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{error.msg} at character {error.pos + 1:,}"
        return RejectedLine(
            number, f"the line {shown(text)} is not valid JSON ({place}): write one object a line"
        )
    except (ValueError, RecursionError):
        return RejectedLine(
            number, f"the line {shown(text)} is JSON beyond what is accepted (nesting, huge numbers)"
        )
    return _object(value, number)


def _object(value: object, number: int) -> Entry | RejectedLine:
    if isinstance(value, dict):
        return Entry(number, value)
    return RejectedLine(number, f"found {shown(value)}, not a JSON object: write {{...}} with named fields")


def array_entries(text: str, start: int) -> Generator[Entry | RejectedLine, None, int]:
    """The elements of the array whose bracket was opened just before `start`; broken JSON ends it with one rejection."""
    place, line = start, 1 + text.count("\n", 0, start)
    while True:
        begin = _after_gap(text, place)
        line, place = line + text.count("\n", place, begin), begin
        if text.startswith("]", place):
            return place + 1
        try:
            value, end = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            problem = (
                error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply or a huge number"
            )
            yield RejectedLine(
                line, f"not valid JSON ({problem}): this entry and all after it were left out; mend it"
            )
            return len(text)
        yield _object(value, line)
        line, place = line + text.count("\n", place, end), end


def _after_gap(text: str, place: int) -> int:
    match = _BLANK_OR_COMMA.match(text, place)
    return match.end() if match else place


def json_document(source: TextSource) -> tuple[str, object]:
    """The text of a JSON file and its value; raises ImportFileError where it is not valid JSON."""
    text = source.read_document()
    try:
        return text, json.loads(text.strip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise ImportFileError(f"{source.path.name} is not valid JSON ({error}): export it again") from error
