"""Rows as JSON, the same for SQLite and PostgreSQL, read and written at whatever schema the database has.

The tables are reflected, not those of the models, so that a database can be backed up before it is migrated and
an old backup can be restored and migrated afterwards. Times travel as ISO 8601 in UTC, JSON as JSON.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, DateTime, MetaData, Row, Table, func, insert, select, text

from bot.db.migrating import newest_revision
from bot.db.tables import metadata
from bot.errors import InvalidInputError
from bot.json_bytes import json_text
from bot.json_mending import mended

REVISION_TABLE = "alembic_version"
ROWS_A_STEP = 500


def tables_of(connection: Connection, *, revision: str) -> list[Table]:
    """Kefu's tables, parents before children.

    At this version's schema they are those of the models; at an older one whatever is there, since a table may
    have been renamed since.
    """
    newest = revision == newest_revision()
    wanted = list(metadata.tables) if newest else None
    reflected = MetaData()
    reflected.reflect(connection, only=wanted)
    for table in reflected.tables.values():
        for column in table.columns:
            if isinstance(column.type, JSON) and column.nullable:
                column.type.none_as_null = True  # no value, which is another thing than the JSON value null
    return [table for table in reflected.sorted_tables if table.name != REVISION_TABLE]


def count_rows(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def read_lines(connection: Connection, table: Table) -> Iterator[bytes]:
    """Every row in the order of its key, as a line of JSON; some hundred are in memory at a time."""
    statement = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=ROWS_A_STEP)
    for row in connection.execute(statement):
        yield _line(_encoded(row))


def _line(row: dict[str, Any]) -> bytes:
    try:
        line = json_text(row).encode()
        mend = b"\\u0000" in line  # which PostgreSQL does not take
    except ValueError:
        mend = True
    return (json_text(mended(row)).encode() if mend else line) + b"\n"


def write_lines(connection: Connection, table: Table, content: bytes) -> int:
    """Inserts the rows of one archive member and returns how many. Raises InvalidInputError."""
    count = 0
    for lines in _steps(content.splitlines()):
        rows = [_decoded(table, line) for line in lines]
        connection.execute(insert(table), rows)
        count += len(rows)
    return count


def last_number(connection: Connection, table: Table) -> int | None:
    """The last number the database gave to a row of this table by itself; None if it never did."""
    column = _numbered_column(table)
    if column is None:
        return None
    if connection.dialect.name == "sqlite":
        if "sqlite_sequence" not in _sqlite_tables(connection):
            return None
        given = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        return connection.execute(given, {"name": table.name}).scalar_one_or_none() or None
    sequence = _sequence(connection, table, column)
    if sequence is None:
        return None
    # The name comes from the server, quoted where it has to be.
    given = text(f"SELECT CASE WHEN is_called THEN last_value END FROM {sequence}")  # noqa: S608
    number: int | None = connection.execute(given).scalar_one()
    return number


def set_last_number(connection: Connection, table: Table, number: int) -> None:
    """New rows get higher numbers than this one and than any row that is there."""
    column = _numbered_column(table)
    if column is None:
        return
    number = max(number, connection.execute(select(func.max(column))).scalar_one() or 0)
    if connection.dialect.name == "sqlite":
        names = {"name": table.name, "number": number}
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), names)
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)"), names)
    elif sequence := _sequence(connection, table, column):
        # A sequence begins at 1, so that where no number was given yet the next one is 1.
        given = text("SELECT setval(CAST(:sequence AS regclass), :number, :is_taken)")
        wanted = {"sequence": sequence, "number": max(number, 1), "is_taken": number > 0}
        connection.execute(given, wanted)


def _numbered_column(table: Table) -> Column[Any] | None:
    columns = list(table.primary_key.columns)
    return columns[0] if len(columns) == 1 and columns[0].type.python_type is int else None


def _sqlite_tables(connection: Connection) -> set[str]:
    return set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars())


def _sequence(connection: Connection, table: Table, column: Column[Any]) -> str | None:
    name: str | None = connection.execute(
        select(func.pg_get_serial_sequence(table.name, column.name))
    ).scalar_one()
    return name


def _encoded(row: Row[Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row._mapping.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    return value


def _decoded(table: Table, line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
        if not isinstance(row, dict) or row.keys() != set(table.columns.keys()):
            raise ValueError("its columns are not those of the table")
        return {column.name: _typed(column, row[column.name]) for column in table.columns}
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInputError(
            f"the backup has a row of {table.name} that can't be read: {error}"
        ) from error


def _typed(column: Column[Any], value: Any) -> Any:
    if value is None or not isinstance(column.type, DateTime):
        return value
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"{column.name} is a time without zone: {value!r}")
    return moment.astimezone(UTC)


def _steps(lines: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(lines), ROWS_A_STEP):
        yield lines[start : start + ROWS_A_STEP]
