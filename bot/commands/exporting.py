"""``kefu export``: exchanges, knowledge, labels, or one conversation, as files."""

from pathlib import Path
from typing import Annotated

import typer
from rich.filesize import decimal

from bot.commands.console import AsJson, open_database, out, print_json, progress_bar, run
from bot.exports.schemas import ExportKind, ExportManifest
from bot.exports.writing import manifest_path, write_export
from bot.settings import Settings

app = typer.Typer(no_args_is_help=True)

Target = Annotated[Path, typer.Argument(help="The file to make; its manifest goes beside it")]


@app.command()
def exchanges(path: Target, as_json: AsJson = False) -> None:
    """Every exchange with its evidence, votes and labels, as JSON Lines in the order they happened."""
    _export(ExportKind.EXCHANGES, path, as_json=as_json)


@app.command()
def knowledge(path: Target, as_json: AsJson = False) -> None:
    """The approved answers with their questions, as a FAQ (JSON Lines) that kefu import reads."""
    _export(ExportKind.KNOWLEDGE, path, as_json=as_json)


@app.command()
def labels(path: Target, as_json: AsJson = False) -> None:
    """Every label with its source, who gave it and from which exchange, as JSON Lines, oldest first."""
    _export(ExportKind.LABELS, path, as_json=as_json)


@app.command()
def conversation(
    path: Target,
    id: Annotated[str, typer.Option("--id", help="Which conversation: cnv_…")],
    as_json: AsJson = False,
) -> None:
    """One conversation as a readable JSON document."""
    _export(ExportKind.CONVERSATION, path, conversation_id=id, as_json=as_json)


def _export(kind: ExportKind, path: Path, *, conversation_id: str | None = None, as_json: bool) -> None:
    settings = Settings()

    async def main() -> ExportManifest:
        with progress_bar() as progress:
            async with open_database(settings) as database:
                return await write_export(
                    database, kind, path, conversation_id=conversation_id, progress=progress
                )

    manifest = run(main)
    if as_json:
        print_json(
            manifest.model_dump(mode="json") | {"path": str(path), "manifest": str(manifest_path(path))}
        )
        return
    out.print(f"{path}: {manifest.rows:,} rows, {decimal(manifest.bytes)}", soft_wrap=True)
    out.print(f"SHA-256 {manifest.sha256}", soft_wrap=True)
    if manifest.label_sources:
        sources = ", ".join(f"{count:,} {source}" for source, count in manifest.label_sources.items())
        out.print(f"By source: {sources}", soft_wrap=True)
    if manifest.left_out:
        out.print(f"{manifest.left_out:,} answers without a question are not in it", soft_wrap=True)
