"""CSV and TSV as records with line numbers, so that one bad line never costs its neighbours.

Python's csv reader swallows everything up to the next quote when a quote is never closed. Here a record that spans
several lines must follow RFC 4180 to the letter; where it doesn't, only its first line is rejected and reading goes on with
the next line. No field may be longer than the csv module's own default limit, so that this global setting stays as it is.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from bot.imports.columns import Columns, Layout, explain_columns, match_columns
from bot.imports.fields import shown
from bot.imports.records import RejectedLine
from bot.imports.source import MAX_LINE_CHARACTERS, ImportFileError, Line

DELIMITERS = (",", "\t", ";", "|")
MAX_RECORD_CHARACTERS = 131_072
"""Of a record over several lines; also how far one unclosed quote can make the reader look ahead."""
_MAX_LOST_QUOTES = 1_000
_FAR_AHEAD_LINES = 100
_FOR_EXCEL = re.compile(r"\ufeff?\"?sep=.\"?\s*", re.IGNORECASE)
"""A line before the header that tells Excel the delimiter."""
HUGE_LINE = (
    f"the line has more than {MAX_LINE_CHARACTERS:,} characters: it is no single record; check the line ends"
)


class Record(NamedTuple):
    """The cells of one record; `line` is where it begins."""

    line: int
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose header has been understood; `records` come after the header and have the header's width."""

    layout: Layout
    columns: Columns
    header: tuple[str, ...]
    records: Iterator[Record | RejectedLine]


def open_csv(lines: Iterator[Line], layouts: Sequence[Layout], *, name: str) -> Table:
    """Reads the header: the delimiter is the one under which a layout's columns are all there.

    Raises ImportFileError where no layout fits, naming the columns found and needed.
    """
    before, first = _first_filled(lines)
    if first is None or first.text is None:
        raise ImportFileError(f"{name} has no header line: the first line must name the columns")
    widest: list[str] = []
    for delimiter in DELIMITERS:
        header = _cells_alone(first.text, delimiter) or []
        widest = header if len(header) > len(widest) else widest
        for layout in layouts:
            columns = match_columns(header, layout)
            if columns is not None:
                records = csv_records(lines, delimiter=delimiter, width=len(header))
                return Table(layout, columns, tuple(header), chain(before, records))
    raise ImportFileError(f"{name}: {explain_columns(widest or [first.text.strip()], layouts)}")


def _first_filled(lines: Iterator[Line]) -> tuple[list[RejectedLine], Line | None]:
    for line in lines:
        if line.text is not None and _FOR_EXCEL.fullmatch(line.text):
            continue
        if line.text is None or line.text.strip(" \t\r\n,;|\ufeff"):
            return [], line
    return [], None


def _cells_alone(text: str, delimiter: str) -> list[str] | None:
    """The cells of a line that is a record by itself, else None."""
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), None)
    except csv.Error:
        return None


class _Lookahead:
    """Gives lines to the csv reader and keeps those of the current record, in case they must be read again."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._source = iter(lines)
        self._pending: deque[Line] = deque()
        self._size = 0
        self.taken: list[Line] = []

    def begin(self) -> Line | None:
        """The first line of the next record, left in place; None at the end."""
        self.taken = []
        self._size = 0
        if not self._pending:
            following = next(self._source, None)
            if following is None:
                return None
            self._pending.append(following)
        return self._pending[0]

    def skip(self) -> None:
        self._pending.popleft()

    def retry_after_first(self) -> None:
        self._pending.extendleft(reversed(self.taken[1:]))

    def __iter__(self) -> _Lookahead:
        return self

    def __next__(self) -> str:
        line = self._pending[0] if self._pending else next(self._source)
        if not self._pending:
            self._pending.append(line)
        if line.text is None or (self.taken and self._size + len(line.text) > MAX_RECORD_CHARACTERS):
            raise StopIteration
        self._pending.popleft()
        self.taken.append(line)
        self._size += len(line.text)
        return line.text


def csv_records(lines: Iterable[Line], *, delimiter: str, width: int) -> Iterator[Record | RejectedLine]:
    """Records of exactly `width` cells; lines that are blank or hold only delimiters are passed over."""
    ahead = _Lookahead(lines)
    quoted = _QuotedRecords(ahead, delimiter=delimiter, width=width)
    while (first := ahead.begin()) is not None:
        if first.text is None:
            ahead.skip()
            yield RejectedLine(first.number, HUGE_LINE)
            continue
        if '"' in first.text:
            cells = quoted.next_cells(first.text)
            if isinstance(cells, str):
                yield RejectedLine(first.number, cells)
                continue
        else:
            ahead.skip()
            cells = first.text.rstrip("\n").split(delimiter)  # thrice as fast as the csv reader on a feed
        if len(cells) != width:
            cells = _fitted(cells, width)
        if any(cells) and not all(map(str.isspace, filter(None, cells))):
            yield _checked(Record(first.number, cells), width)


class _QuotedRecords:
    """Reads records in which quotes occur, and tells those apart whose quotes can't be trusted."""

    def __init__(self, ahead: _Lookahead, *, delimiter: str, width: int) -> None:
        mark = re.escape(delimiter)
        field = rf'(?:"[^"]*+(?:""[^"]*+)*+"|[^"{mark}\n]*+)'
        self._proper = re.compile(rf"{field}(?:{mark}{field})*+\n?")
        self._ahead = ahead
        self._reader = csv.reader(ahead, delimiter=delimiter, strict=True)
        self._delimiter = delimiter
        self._width = width
        self._lost_quotes = 0

    def next_cells(self, first: str) -> list[str] | str:
        """The cells, or why the first line is rejected: then reading goes on with the line after it."""
        try:
            cells = next(self._reader)
            if len(self._ahead.taken) == 1 or self._is_trusted(cells):
                return cells
            reason = _explain(None, first)
        except csv.Error as error:
            reason = _explain(error, first)
            self._count_lost_quote()
        self._ahead.retry_after_first()
        return reason

    def _is_trusted(self, cells: list[str]) -> bool:
        """Whether a record over several lines is one record, rather than a line with a lost quote and what followed it."""
        lines = [line.text or "" for line in self._ahead.taken]
        if not self._proper.fullmatch("".join(lines)):
            return False
        if len(_fitted(cells, self._width)) == self._width:
            return True
        alone = (_cells_alone(line, self._delimiter) for line in lines[1:])
        return all(cells is None or len(cells) != self._width for cells in alone)

    def _count_lost_quote(self) -> None:
        self._lost_quotes += len(self._ahead.taken) > _FAR_AHEAD_LINES
        if self._lost_quotes > _MAX_LOST_QUOTES:
            raise ImportFileError(
                f"more than {_MAX_LOST_QUOTES:,} quotes are never closed: is this a CSV file?"
            )


def _fitted(cells: list[str], width: int) -> list[str]:
    """Without the empty cells that spreadsheets write behind the last column."""
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    return cells


def _checked(record: Record, width: int) -> Record | RejectedLine:
    if len(record.cells) == width:
        return record
    begins = shown(record.cells[0])
    return RejectedLine(
        record.line,
        f"the line beginning {begins} has {len(record.cells)} columns, the header has {width}: put fields that hold "
        "the separator in double quotes",
    )


def _explain(error: csv.Error | None, text: str) -> str:
    if error is not None and "field limit" in str(error):
        return f"a field of the line beginning {shown(text)} is longer than 131,072 characters: shorten it"
    if error is not None and "expected after" in str(error) and _closes_in_line(text):
        return f'a quote inside a quoted field of {shown(text)} is not doubled: write "" for each quote in a field'
    return f"a quote in the line beginning {shown(text)} is never closed: close it, or double quotes inside a field"


def _closes_in_line(text: str) -> bool:
    return text.count('"') % 2 == 0
