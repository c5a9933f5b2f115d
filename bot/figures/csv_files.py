"""Tables as CSV that opens right in spreadsheets, in China, too, and runs no formulas."""

import csv
import io
from collections.abc import Mapping, Sequence

BOM = "\ufeff"
"""Without it, Excel takes UTF-8 for the system's own encoding."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_of(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> bytes:
    """Numbers stay numbers; a text that begins like a formula gets an apostrophe before it."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([guarded(column) for column in columns])
    writer.writerows([[guarded(row[column]) for column in columns] for row in rows])
    return (BOM + written.getvalue()).encode()


def guarded(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
