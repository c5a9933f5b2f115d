"""``kefu documents``: the sources that were imported, and deciding about them."""

from typing import Annotated

import typer

from bot.commands.console import AsJson, below, listing, open_database, out, print_json, run
from bot.commands.labels import LISTED, Cursor, Limit
from bot.db.knowledge_tables import AnswerState
from bot.errors import InvalidInputError
from bot.imports import fields
from bot.pagination import Page
from bot.settings import Settings
from bot.sources import service
from bot.sources.repository import DocumentFilter
from bot.sources.schemas import DocumentDetail, DocumentOut, DocumentPatch

ACTOR = "cli"

app = typer.Typer(no_args_is_help=True)
DocumentId = Annotated[str, typer.Argument(help="Which document: doc_…")]


@app.command("list")
def list_documents(
    state: Annotated[AnswerState | None, typer.Option("--state", help="In this state only")] = None,
    containing: Annotated[str | None, typer.Option("--containing", help="In title, path or address")] = None,
    cursor: Cursor = None,
    limit: Limit = LISTED,
    as_json: AsJson = False,
) -> None:
    """Show documents in the order they were brought in."""
    wanted = DocumentFilter(state=state.value if state else None, containing=containing)

    async def main() -> Page[DocumentOut]:
        async with open_database(Settings()) as database, database.read() as session:
            return await service.page_of_documents(session, wanted, cursor=cursor, limit=limit)

    page = run(main)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    table = listing("id", "document")
    for each in page.items:
        waits = "a change waits" if each.pending else ""
        facts = (each.state.value, f"{each.section_count} sections", waits, each.key)
        table.add_row(each.id, below(each.title, *facts))
    out.print(table)


@app.command()
def show(document_id: DocumentId, as_json: AsJson = False) -> None:
    """Show a document with its sections and versions."""

    async def main() -> DocumentDetail:
        async with open_database(Settings()) as database, database.read() as session:
            return await service.show_document(session, document_id)

    shown = run(main)
    if as_json:
        print_json(shown.model_dump(mode="json"))
        return
    _print_head(shown)
    for section in shown.sections:
        out.print(" › ".join([shown.title, *section.heading]), style="bold", soft_wrap=True)
        out.print(section.text, soft_wrap=True)
    for version in shown.versions:
        said = f"version {version.version}: {version.state}, {len(version.section_ids)} sections"
        out.print(f"{said}, {version.created_at:%Y-%m-%d %H:%M} by {version.changed_by}", soft_wrap=True)


@app.command()
def approve(
    document_ids: Annotated[list[str], typer.Argument(help="Which documents: doc_… doc_…")],
    valid_from: Annotated[
        str | None, typer.Option("--valid-from", help="Not before, such as 2026-12-01")
    ] = None,
    valid_until: Annotated[str | None, typer.Option("--valid-until", help="Not from then on")] = None,
    as_json: AsJson = False,
) -> None:
    """Let answers be composed from documents, each as a whole; what waits takes the place of what stands."""
    said: dict[str, object] = {"state": AnswerState.APPROVED}
    try:
        for name, given in (("valid_from", valid_from), ("valid_until", valid_until)):
            if given is not None:
                said[name] = fields.time(given, name=name)
    except fields.FieldError as error:
        raise InvalidInputError(str(error)) from error
    _change(document_ids, DocumentPatch.model_validate(said), as_json=as_json)


@app.command()
def retire(
    document_ids: Annotated[list[str], typer.Argument(help="Which documents: doc_… doc_…")],
    as_json: AsJson = False,
) -> None:
    """Quote documents no more; their next import leaves them retired."""
    _change(document_ids, DocumentPatch(state=AnswerState.RETIRED), as_json=as_json)


def _change(document_ids: list[str], patch: DocumentPatch, *, as_json: bool) -> None:
    """All of them, or none where one is missing."""

    async def main() -> list[DocumentDetail]:
        async with open_database(Settings()) as database, database.write() as session:
            return [
                await service.change_document(session, each, patch, changed_by=ACTOR) for each in document_ids
            ]

    changed = run(main)
    if as_json:
        print_json({"items": [document.model_dump(mode="json") for document in changed]})
        return
    for document in changed:
        _print_head(document)


def _print_head(document: DocumentOut) -> None:
    dates = [
        f"{word} {moment:%Y-%m-%d %H:%M} UTC"
        for word, moment in (("from", document.valid_from), ("until", document.valid_until))
        if moment
    ]
    pending = f"version {document.pending} waits for approval" if document.pending else ""
    facts = (
        document.state.value,
        *dates,
        f"version {document.version}",
        pending,
        document.url or "",
        document.key,
    )
    out.print(document.title, style="bold", soft_wrap=True)
    out.print(", ".join(fact for fact in facts if fact), soft_wrap=True)
