"""``kefu import``, and ``kefu imports`` for what was imported."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from bot.commands.console import AsJson, err, open_database, out, print_json, progress_bar, run
from bot.imports import batches, service
from bot.imports.readers import ImportFormat
from bot.imports.schemas import BatchOut, ImportReport, UndoReport
from bot.imports.service import ImportWish
from bot.settings import Settings

SOME_REJECTED = 4
NOTHING_USABLE = 2
SHOWN_REJECTED = 20
LISTED = 100
ACTOR = "cli"

app = typer.Typer(no_args_is_help=True)


def register(parent: typer.Typer) -> None:
    parent.command("import")(import_file)
    parent.add_typer(app, name="imports", help="Imported files: list, show, undo")


def import_file(
    path: Annotated[
        Path, typer.Argument(help="Dialogues or a FAQ: CSV, XLSX, JSON Lines; Rasa, QnA Maker; documents")
    ],
    format: Annotated[str, typer.Option(help="auto, dialogues, faq, rasa, qnamaker or documents")] = "auto",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, change nothing")] = False,
    approve: Annotated[
        bool, typer.Option("--approve", help="Trust it: answer customers with it at once")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring in past dialogues, a FAQ, or documents (a file or a folder of them). Good lines go in although others are rejected (exit code 4)."""
    settings = Settings()
    kind = _format(format)
    wish = ImportWish(approve=approve, dry_run=dry_run, imported_by=ACTOR)

    async def main() -> ImportReport:
        with progress_bar() as progress:
            async with open_database(settings) as database:
                prepared = await service.prepare_import(
                    database, settings, path, format=kind, progress=progress
                )
                report = await service.run_import(database, prepared, wish)
                if approve and not dry_run:
                    await service.serve_import(database, settings, made_by=ACTOR, progress=progress)
                return report

    report = run(main)
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        _print_report(path.name, report)
    if report.rejected:
        accepted = report.new + report.changed + report.unchanged + report.duplicate + report.conflicting
        raise typer.Exit(SOME_REJECTED if accepted else NOTHING_USABLE)


def _format(name: str) -> ImportFormat | None:
    if name == "auto":
        return None
    try:
        return ImportFormat(name)
    except ValueError as error:
        known = ", ".join(["auto", *ImportFormat])
        raise typer.BadParameter(f"{name!r} is no format; choose one of {known}") from error


def _print_report(name: str, report: ImportReport) -> None:
    table = Table("", "", show_header=False, box=None, pad_edge=False)
    for count in ("new", "changed", "unchanged", "duplicate", "conflicting"):
        table.add_row(count, str(getattr(report, count)))
    kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(report.masked_kinds.items()))
    table.add_row("masked", f"{report.masked}{f' ({kinds})' if kinds else ''}")
    if report.html:
        table.add_row("HTML", f"{report.html} (texts, stored as plain text)")
    table.add_row("languages", ", ".join(f"{code} {n}" for code, n in sorted(report.languages.items())))
    if report.mined is not None:
        mined = report.mined
        table.add_row("mined", f"{mined.answers} answers from {mined.questions} questions")
        if mined.need_wording:
            table.add_row("to word", f"{mined.need_wording} mined answers hold slots and stay drafts")
    table.add_row("rejected", str(len(report.rejected)))
    what = "dry run, nothing stored" if report.dry_run else report.batch_id or "nothing new"
    out.print(name, style="bold", end=" ", soft_wrap=True)
    out.print(f"({report.format}): {what}", soft_wrap=True)
    out.print(table)
    for line in report.rejected[:SHOWN_REJECTED]:
        where = "file" if report.format is ImportFormat.DOCUMENTS else "line"
        err.print(f"{where} {line.line}:", style="yellow", end=" ")
        err.print(line.reason, soft_wrap=True)
    if len(report.rejected) > SHOWN_REJECTED:
        err.print(f"… and {len(report.rejected) - SHOWN_REJECTED} more; --json lists all")


@app.command("list")
def list_imports(as_json: AsJson = False) -> None:
    """Show what was imported, the newest first."""

    async def main() -> list[BatchOut]:
        async with open_database(Settings()) as database, database.read() as session:
            rows = await batches.page_of_batches(session, before=None, limit=LISTED)
            return [batches.batch_out(row) for row in rows]

    imported = run(main)
    if as_json:
        print_json({"items": [batch.model_dump(mode="json") for batch in imported]})
        return
    table = Table(
        Column("id", min_width=36), "file", "format", "imported", "new", "conflicting", "approved", "undone"
    )
    for batch in imported:
        table.add_row(
            batch.id,
            batch.filename,
            batch.format,
            f"{batch.created_at:%Y-%m-%d %H:%M}",
            str(batch.report.new),
            str(batch.report.conflicting),
            "yes" if batch.approved else "",
            f"{batch.undone_at:%Y-%m-%d %H:%M}" if batch.undone_at else "",
        )
    out.print(table)


@app.command()
def show(batch_id: str, as_json: AsJson = False) -> None:
    """Show one import with its report."""

    async def main() -> BatchOut:
        async with open_database(Settings()) as database, database.read() as session:
            return batches.batch_out(await batches.find_batch(session, batch_id))

    batch = run(main)
    if as_json:
        print_json(batch.model_dump(mode="json"))
        return
    undone = f", undone {batch.undone_at:%Y-%m-%d %H:%M}" if batch.undone_at else ""
    out.print(f"imported {batch.created_at:%Y-%m-%d %H:%M} UTC by {batch.imported_by}{undone}")
    _print_report(batch.filename, batch.report)


@app.command()
def undo(batch_id: str, as_json: AsJson = False) -> None:
    """Take out what an import added; what others added to it or changed since stays."""

    async def main() -> UndoReport:
        async with open_database(Settings()) as database, database.write() as session:
            return await batches.undo_batch(session, batch_id, undone_by_whom=ACTOR)

    undone = run(main)
    if as_json:
        print_json(undone.model_dump(mode="json"))
        return
    out.print(
        f"{batch_id} undone: {undone.questions} questions switched off, {undone.answers} answers retired, "
        f"{undone.restored} restored, {undone.kept} kept, {undone.dialogues} dialogues removed; documents: "
        f"{undone.documents} retired, {undone.documents_restored} restored, {undone.documents_kept} kept",
        soft_wrap=True,
    )
