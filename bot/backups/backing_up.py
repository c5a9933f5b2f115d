"""``kefu backup``: one consistent state of the database and the folders it points to, in one file.

All rows are read in one transaction that waits for no writer and that no writer waits for. The file is written
aside, read back against its own manifest, and only then renamed into place.
"""

import asyncio
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, Table

from bot.atomic_files import written_aside
from bot.backups.archive import PIECE, ArchiveWriter, archive_to, verify
from bot.backups.folders import LeftOut, add_folder, wanted_folders
from bot.backups.manifest import FORMAT, FORMAT_VERSION, FolderContent, Manifest, TableContent
from bot.backups.rows import count_rows, last_number, read_lines, tables_of
from bot.db.base import now
from bot.db.engine import Database
from bot.db.migrating import knows, revision_in
from bot.errors import ConflictError
from bot.progress import Progress, quiet
from bot.settings import Settings
from bot.version import VERSION

ROWS_MEMBER_BYTES = 4 << 20


@dataclass(frozen=True)
class BackupReport:
    path: Path
    sha256: str
    bytes: int
    schema_revision: str
    rows: dict[str, int]
    folders: list[str]
    left_out: list[LeftOut]


@dataclass
class _Written:
    tables: dict[str, TableContent] = field(default_factory=dict)
    folders: list[FolderContent] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


async def back_up(
    database: Database, settings: Settings, path: Path, *, progress: Progress = quiet
) -> BackupReport:
    """Writes ``path``. The database may be at an older schema than this version's.

    Raises:
        InvalidInputError: ``path`` exists already.
        ConflictError: the database is empty or at a newer schema.
    """
    with written_aside(path) as stream:
        async with database.read() as session:
            connection = await session.connection()
            written, revision = await connection.run_sync(_write, stream, settings.data_dir, progress)
        progress("check", 0, 1)
        await asyncio.to_thread(verify, stream)
        progress("check", 1, 1)
        sha256, size = _fingerprint(stream)
    return BackupReport(
        path=path,
        sha256=sha256,
        bytes=size,
        schema_revision=revision,
        rows={name: table.rows for name, table in written.tables.items()},
        folders=[folder.path for folder in written.folders],
        left_out=written.left_out,
    )


def _write(
    connection: Connection, stream: BinaryIO, data_dir: Path, report: Progress
) -> tuple[_Written, str]:
    revision = _known_revision(connection)
    tables = tables_of(connection, revision=revision)
    written = _Written()
    with archive_to(stream) as archive:
        _write_tables(connection, tables, archive, written, report)
        by_name = {table.name: table for table in tables}
        _write_folders(wanted_folders(connection, by_name), archive, written, data_dir, report)
        archive.finish(_manifest(written, archive, revision))
    return written, revision


def _known_revision(connection: Connection) -> str:
    revision = revision_in(connection)
    if revision is None:
        raise ConflictError("the database is empty, there is nothing to back up")
    if not knows(revision):
        raise ConflictError(
            f"the database has schema {revision}, which this version does not know; use the newer Kefu"
        )
    return revision


def _write_tables(
    connection: Connection, tables: list[Table], archive: ArchiveWriter, written: _Written, report: Progress
) -> None:
    counts = {table.name: count_rows(connection, table) for table in tables}
    done, total = 0, sum(counts.values())
    for table in tables:
        piece, size, number = [], 0, 0
        for line in read_lines(connection, table):
            piece.append(line)
            size += len(line)
            if size >= ROWS_MEMBER_BYTES:
                archive.add_bytes(f"tables/{table.name}/{number:06}.jsonl", b"".join(piece))
                done, piece, size, number = done + len(piece), [], 0, number + 1
                report("rows", done, total)
        if piece:
            archive.add_bytes(f"tables/{table.name}/{number:06}.jsonl", b"".join(piece))
            done += len(piece)
        written.tables[table.name] = TableContent(
            rows=counts[table.name], last_number=last_number(connection, table)
        )
    report("rows", done, total)


def _write_folders(
    folders: list[FolderContent], archive: ArchiveWriter, written: _Written, data_dir: Path, report: Progress
) -> None:
    for done, folder in enumerate(folders, start=1):
        left_out = add_folder(archive, folder, data_dir=data_dir)
        if left_out is None:
            written.folders.append(folder)
        else:
            written.left_out.append(left_out)
        report("folders", done, len(folders))


def _manifest(written: _Written, archive: ArchiveWriter, revision: str) -> Manifest:
    return Manifest(
        format=FORMAT,
        format_version=FORMAT_VERSION,
        kefu_version=VERSION,
        created_at=now(),
        schema_revision=revision,
        tables=written.tables,
        folders=tuple(written.folders),
        members=dict(archive.members),
    )


def _fingerprint(stream: BinaryIO) -> tuple[str, int]:
    stream.seek(0)
    sha256 = hashlib.sha256()
    while piece := stream.read(PIECE):
        sha256.update(piece)
    return sha256.hexdigest(), stream.tell()
