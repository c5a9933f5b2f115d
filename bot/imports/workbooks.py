"""XLSX workbooks as tables: the first sheet that has the needed columns, formulas as the values last computed.

A workbook is a zip of XML. Before a parser sees it, its unpacked size is bounded and document type declarations (the
vehicle of entity bombs) are refused. Macros, links and formulas are never run.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from bot.imports.columns import Layout, explain_columns, match_columns
from bot.imports.records import RejectedLine
from bot.imports.source import ImportFileError
from bot.imports.tables import Record, Table

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

MAX_UNPACKED_BYTES = 200 << 20
MAX_MEMBERS = 2_000
MAX_ROWS = 1_048_576
MAX_COLUMNS = 1_000
_Answer = TypeVar("_Answer")


def open_workbook_table(path: Path, layouts: Sequence[Layout]) -> Table:
    """The first sheet whose first filled row names the columns of a layout; raises ImportFileError otherwise."""
    _check_archive(path)
    book = _guarded(path, lambda: _load(path))
    try:
        return _find_table(path, book, layouts)
    except BaseException:
        book.close()
        raise


def _find_table(path: Path, book: Workbook, layouts: Sequence[Layout]) -> Table:
    headers: list[tuple[str, ...]] = []
    for sheet in _guarded(path, lambda: book.worksheets):
        rows = _rows(path, sheet)
        first = next((row for row in rows if any(cell.strip() for cell in row.cells)), None)
        if first is None:
            continue
        headers.append(tuple(first.cells))
        for layout in layouts:
            columns = match_columns(first.cells, layout)
            if columns is not None:
                return Table(layout, columns, headers[-1], _records(book, rows, width=len(first.cells)))
    if not headers:
        raise ImportFileError(f"{path.name} has no sheet with cells in it")
    raise ImportFileError(f"{path.name}: {explain_columns(headers[0], layouts)}")


def _check_archive(path: Path) -> None:
    try:
        if path.stat().st_size > MAX_UNPACKED_BYTES:
            raise ImportFileError(f"{path.name} is larger than {MAX_UNPACKED_BYTES:,} bytes: save it as CSV")
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)  # zipfile never unpacks more than this
            if size > MAX_UNPACKED_BYTES or len(members) > MAX_MEMBERS:
                raise ImportFileError(
                    f"{path.name} unpacks to {size:,} bytes in {len(members):,} parts, the limits are "
                    f"{MAX_UNPACKED_BYTES:,} and {MAX_MEMBERS:,}: split it or save it as CSV"
                )
            for member in members:
                _check_member(path, archive, member)
    except ImportFileError:
        raise
    except FileNotFoundError as error:
        raise ImportFileError(f"{path} does not exist") from error
    except (
        Exception
    ) as error:  # zipfile raises a dozen kinds (NotImplementedError, zlib.error, struct.error, ...)
        raise ImportFileError(
            f"{path.name} is not a readable .xlsx workbook ({error}): save it again"
        ) from error


def _check_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    tail = b""
    with archive.open(member) as stream:
        while chunk := stream.read(1 << 20):
            if b"<!DOCTYPE" in tail + chunk or b"<!ENTITY" in tail + chunk:
                raise ImportFileError(
                    f"{path.name} declares XML entities in {member.filename}: save it again with Excel"
                )
            tail = chunk[-16:]


def _load(path: Path) -> Workbook:
    from openpyxl import load_workbook

    content = io.BytesIO(path.read_bytes())  # a path would have to end in .xlsx
    return load_workbook(content, read_only=True, data_only=True, keep_links=False)


def _guarded(path: Path, step: Callable[[], _Answer]) -> _Answer:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and validations, which don't matter here
            return step()
    except Exception as error:  # on damaged workbooks openpyxl raises whatever its XML happens to trip over
        raise ImportFileError(
            f"{path.name} is a damaged workbook ({error}): save it again as .xlsx or CSV"
        ) from error


def _rows(path: Path, sheet: Worksheet) -> Iterator[Record]:
    """Every row with its number; the size a sheet states of itself is not believed."""
    cells = _guarded(path, lambda: _value_rows(sheet))
    number = 0
    while (values := _guarded(path, lambda: next(cells, None))) is not None:
        number += 1
        if number > MAX_ROWS:
            raise ImportFileError(f"{path.name} has more than {MAX_ROWS:,} rows: split it")
        yield Record(number, [_text(value) for value in values[:MAX_COLUMNS]])


def _value_rows(sheet: Worksheet) -> Iterator[tuple[object, ...]]:
    if isinstance(sheet, _Resettable):
        sheet.reset_dimensions()
    return sheet.iter_rows(values_only=True)


@runtime_checkable
class _Resettable(Protocol):
    """A sheet read in passing (`openpyxl.worksheet._read_only`); the type stubs call it a Worksheet."""

    def reset_dimensions(self) -> None: ...


# "_x000D_" stands for a carriage return, which openpyxl leaves as it is (ECMA-376, 22.9.2.19).
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00").removesuffix(":00")
    return value.isoformat().removesuffix(":00") if isinstance(value, date | time) else str(value)


def _records(book: Workbook, rows: Iterator[Record], *, width: int) -> Iterator[Record | RejectedLine]:
    """Rows cut or filled to the header's width: cells outside the table are notes, empty ones are not stored."""
    with closing(book):
        for row in rows:
            cells = [*row.cells[:width], *[""] * (width - len(row.cells))]
            if any(cell.strip() for cell in cells):
                yield Record(row.line, cells)
