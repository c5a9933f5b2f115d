"""``kefu backup`` and ``kefu restore``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.filesize import decimal

from bot.backups.backing_up import BackupReport, back_up
from bot.backups.restoring import RestoreReport, restore
from bot.commands.console import AsJson, err, out, print_json, progress_bar, run
from bot.db.engine import Database
from bot.settings import Settings

SOMETHING_LEFT_OUT = 4


def register(app: typer.Typer) -> None:
    app.command("backup")(backup_installation)
    app.command("restore")(restore_installation)


@asynccontextmanager
async def _database_as_it_is(settings: Settings) -> AsyncIterator[Database]:
    """Not migrated, since one backs up before migrating, and restores over what can't be migrated."""
    database = Database.open(settings.database_url)
    try:
        yield database
    finally:
        await database.close()


def backup_installation(
    path: Annotated[Path, typer.Argument(help="The file to make, such as kefu-2026-11-22.tar.gz")],
    as_json: AsJson = False,
) -> None:
    """Save database, promoted release and the one before it in one file, while the service goes on.

    The file holds personal data: only its owner can read it, keep it so. Backbones and exports are not in it.
    Exit code 4: the folders of a release were missing or damaged and are not in it.
    """
    settings = Settings()

    async def main() -> BackupReport:
        with progress_bar() as progress:
            async with _database_as_it_is(settings) as database:
                return await back_up(database, settings, path, progress=progress)

    report = run(main)
    if as_json:
        print_json(
            {
                "path": str(report.path),
                "sha256": report.sha256,
                "bytes": report.bytes,
                "schema_revision": report.schema_revision,
                "rows": report.rows,
                "folders": report.folders,
                "left_out": [{"path": left.path, "reason": left.reason} for left in report.left_out],
            }
        )
    else:
        count = sum(report.rows.values())
        out.print(
            f"{path}: {count:,} rows, {len(report.folders)} folders, {decimal(report.bytes)}", soft_wrap=True
        )
        out.print(f"SHA-256 {report.sha256}", soft_wrap=True)
    for left in report.left_out:
        err.print("left out", style="yellow", end=" ")
        err.print(f"{left.path}: {left.reason}", soft_wrap=True)
    if report.left_out:
        raise typer.Exit(SOMETHING_LEFT_OUT)


def restore_installation(
    path: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="What kefu backup made")
    ],
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of what the database holds now")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring back a backup, also of the other kind of database: this is how one moves to PostgreSQL.

    Stop the service first. Whatever goes wrong, the present state stays as it is.
    """
    settings = Settings()

    async def main() -> RestoreReport:
        with progress_bar() as progress:
            async with _database_as_it_is(settings) as database:
                return await restore(database, settings, path, replace=replace, progress=progress)

    report = run(main)
    if as_json:
        print_json(
            {
                "path": str(report.path),
                "created_at": report.created_at,
                "schema_revision": report.schema_revision,
                "rows": report.rows,
                "folders": report.folders,
                "replaced": report.replaced,
            }
        )
        return
    count = sum(report.rows.values())
    out.print(
        f"{count:,} rows and {len(report.folders)} folders are back, as of {report.created_at}; see: kefu doctor",
        soft_wrap=True,
    )
