"""``kefu restore``: the state of a backup, on SQLite or PostgreSQL, whichever it came from.

Everything is checked before anything is changed; then folders are placed beside what is there, and the whole
database changes in one transaction. Killed or failing anywhere, the old state stays; once it is replaced, its folders go. A backup of an older schema is
restored at that schema and migrated in the same transaction.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, Table, text

from bot.backups.archive import members, verify
from bot.backups.folders import FolderPlacer, mark_missing, named_folders
from bot.backups.manifest import FOLDER_MEMBER, MANIFEST_NAME, ROWS_MEMBER, Manifest
from bot.backups.rows import REVISION_TABLE, count_rows, set_last_number, tables_of, write_lines
from bot.db.engine import Database
from bot.db.migrating import knows, newest_revision, refuse_orphans, revision_in, schema_transaction, upgrade
from bot.db.tables import metadata
from bot.errors import ConflictError, InvalidInputError
from bot.private_files import make_private_folder
from bot.progress import Progress, quiet
from bot.releases.reports import remove_report
from bot.releases.retention import delete_folders
from bot.settings import Settings

ROWS_OF_AN_EMPTY_DATABASE = {"sites": 1, "knowledge_state": 1, "release_pointer": 1, "training_lease": 1}
"""What the migrations put there by themselves."""


@dataclass(frozen=True)
class RestoreReport:
    path: Path
    created_at: str
    schema_revision: str
    rows: dict[str, int]
    folders: list[str]
    replaced: bool


async def restore(
    database: Database, settings: Settings, path: Path, *, replace: bool, progress: Progress = quiet
) -> RestoreReport:
    """Fills the database, which must be empty unless ``replace`` is set.

    Raises:
        InvalidInputError: not a backup, damaged, or of a newer version.
        ConflictError: the database holds something, or is itself at a newer schema.
    """
    with path.open("rb") as stream:
        progress("check", 0, 1)
        manifest = await asyncio.to_thread(verify, stream)
        _refuse_newer(manifest)
        progress("check", 1, 1)
        make_private_folder(settings.data_dir)
        placer = FolderPlacer(settings.data_dir, manifest.folders)
        work = _Restoring(stream, manifest, placer, replace, progress)
        try:
            async with schema_transaction(database) as connection:
                replaced = await connection.run_sync(work.run)
        finally:
            placer.discard()
        if replaced is not None:
            await asyncio.to_thread(_delete, settings, sorted(replaced.unnamed))
    return RestoreReport(
        path=path,
        created_at=manifest.created_at.isoformat(),
        schema_revision=manifest.schema_revision,
        rows={name: table.rows for name, table in manifest.tables.items()},
        folders=[folder.path for folder in manifest.folders],
        replaced=replaced is not None,
    )


def _delete(settings: Settings, paths: Sequence[str]) -> None:
    """Folders that no row names any more, with the reports on their checkpoints, which quote what was taught."""
    folders = [settings.data_dir / path for path in paths]
    delete_folders(folders)
    for folder in folders:
        remove_report(settings, folder.name)


def _refuse_newer(manifest: Manifest) -> None:
    if not knows(manifest.schema_revision):
        raise InvalidInputError(
            f"the backup has schema {manifest.schema_revision} of Kefu {manifest.kefu_version}, which this version "
            "does not know; install that version or a newer one"
        )


@dataclass(frozen=True)
class _Replaced:
    """Generation of the pointer that was there, and the folders that rows named: afterwards, those that none names any more."""

    generation: int
    unnamed: set[str]


@dataclass(frozen=True)
class _Restoring:
    stream: BinaryIO
    manifest: Manifest
    placer: FolderPlacer
    replace: bool
    report: Progress

    def run(self, connection: Connection) -> _Replaced | None:
        """All of it, inside the open transaction; returns what was replaced, if there was anything."""
        replaced = self._clear(connection)
        upgrade(connection, to=self.manifest.schema_revision)
        tables = {t.name: t for t in tables_of(connection, revision=self.manifest.schema_revision)}
        self._refuse_other_tables(tables)
        for name in reversed(tables):
            connection.execute(tables[name].delete())
        self._read_members(connection, tables)
        for name, content in self.manifest.tables.items():
            set_last_number(connection, tables[name], content.last_number or 0)
        self._refuse_missing_rows(connection, tables)
        upgrade(connection)
        refuse_orphans(connection)
        if replaced is not None:
            _raise_generation(connection, beyond=replaced.generation)
            replaced.unnamed.difference_update(named_folders(connection))
        self.placer.finish()
        mark_missing(connection, self.placer.data_dir)
        return replaced

    def _clear(self, connection: Connection) -> _Replaced | None:
        """Takes the old tables away; returns what was in them, if there was anything."""
        revision = revision_in(connection)
        if revision is None:
            return None
        if not knows(revision):
            raise ConflictError(
                f"the database has schema {revision}, which is newer than this version of Kefu"
            )
        upgrade(connection)
        tables = tables_of(connection, revision=newest_revision())
        counts = {table.name: count_rows(connection, table) for table in tables}
        found = {
            name: count for name, count in counts.items() if count > ROWS_OF_AN_EMPTY_DATABASE.get(name, 0)
        }
        if found and not self.replace:
            raise ConflictError(
                f"the database is not empty ({_named(found)}); restore into an empty one, or say --replace"
            )
        pointer = text("SELECT generation FROM release_pointer")
        replaced = _Replaced(connection.execute(pointer).scalar_one(), named_folders(connection))
        metadata.drop_all(connection)
        connection.execute(text(f"DROP TABLE {REVISION_TABLE}"))
        return replaced if found else None

    def _refuse_other_tables(self, tables: dict[str, Table]) -> None:
        if self.manifest.tables.keys() != tables.keys():
            differing = ", ".join(sorted(self.manifest.tables.keys() ^ tables.keys()))
            raise InvalidInputError(
                f"not a sound backup: its tables are not those of its schema ({differing})"
            )

    def _read_members(self, connection: Connection, tables: dict[str, Table]) -> None:
        """Rows into the tables, files beside their place; both hashed again, as the file may have changed."""
        done, total = 0, self.manifest.row_count
        self.placer.refuse_full_disk(
            sum(entry.size for name, entry in self.manifest.members.items() if FOLDER_MEMBER.fullmatch(name))
        )
        for member in members(self.stream):
            if rows := ROWS_MEMBER.fullmatch(member.name):
                if rows[1] not in tables:
                    raise InvalidInputError(f"not a sound backup: no table {rows[1]!r} in its schema")
                done += write_lines(connection, tables[rows[1]], member.content())
                self.report("rows", done, total)
            elif file := FOLDER_MEMBER.fullmatch(member.name):
                self.placer.take(file[1], file[2], member)
            if member.name != MANIFEST_NAME and member.summary() != self.manifest.members.get(member.name):
                raise InvalidInputError(f"{member.name!r} changed while the backup was being read; try again")

    def _refuse_missing_rows(self, connection: Connection, tables: dict[str, Table]) -> None:
        for name, content in self.manifest.tables.items():
            found = count_rows(connection, tables[name])
            if found != content.rows:
                raise InvalidInputError(
                    f"not a sound backup: {found:,} rows of {name} in it, its manifest says {content.rows:,}"
                )


def _raise_generation(connection: Connection, *, beyond: int) -> None:
    """Workers that ran on the replaced state see another generation, and load the release anew."""
    raised = text("UPDATE release_pointer SET generation = :next WHERE generation <= :beyond")
    connection.execute(raised, {"next": beyond + 1, "beyond": beyond})


def _named(counts: dict[str, int]) -> str:
    shown = [f"{count:,} {name}" for name, count in sorted(counts.items(), key=lambda item: -item[1])[:3]]
    return ", ".join(shown)
