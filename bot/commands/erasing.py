"""``kefu erase``: everything about one visitor."""

import shlex
from typing import Annotated

import typer
from sqlalchemy.engine import make_url

from bot.commands.console import AsJson, err, open_database, out, print_json, run
from bot.erasing.service import Belongings, Erased, TaughtQuestion, erase, find_belongings
from bot.settings import Settings

ACTOR = "cli"
FILE_NOT_REWRITTEN = 4


def register(app: typer.Typer) -> None:
    app.command("erase")(erase_visitor)


def erase_visitor(
    visitor: Annotated[str, typer.Argument(help="The visitor (vis_…) or one of their conversations (cnv_…)")],
    with_labels: Annotated[
        bool, typer.Option("--with-labels", help="Also the labels and questions made of their words")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a visitor with their conversations, votes and handoffs, for good.

    Exit code 4: the rows are gone, but the database file could not be rewritten without them.
    """
    settings = Settings()

    async def find() -> Belongings:
        async with open_database(settings) as database:
            return await find_belongings(database, visitor)

    async def remove() -> Erased:
        async with open_database(settings) as database:
            return await erase(database, settings, visitor, with_labels=with_labels, erased_by=ACTOR)

    if not yes:
        _show(run(find), with_labels=with_labels)
        typer.confirm("Erase all of this for good?", abort=True, err=True)
    erased = run(remove)
    if as_json:
        print_json(_as_json(erased))
    else:
        out.print(f"Erased: {_counted(erased.counts)}", soft_wrap=True)
    _warn(erased, settings)
    if erased.scrubbed is False:
        raise typer.Exit(FILE_NOT_REWRITTEN)


def _show(belongings: Belongings, *, with_labels: bool) -> None:
    err.print(f"There are: {_counted(belongings.counts)}", soft_wrap=True)
    if belongings.questions:
        fate = "will be taken out" if with_labels else "stay (--with-labels takes them out, too)"
        err.print(f"Questions made of their words, which {fate}:", soft_wrap=True)
        for question in belongings.questions:
            err.print(f"  {question.id}  {question.text}", soft_wrap=True)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items())


def _as_json(erased: Erased) -> dict[str, object]:
    return {
        "erased": {name: number for name, number in erased.counts.items() if name != "labels"},
        "labels": {"count": erased.counts["labels"], "removed": erased.labels_removed},
        "questions": [_question_json(question) for question in erased.questions],
        "scrubbed": erased.scrubbed,
        "reports_removed": erased.reports_removed,
        "left": {"exports": erased.exports_left, "snapshots": erased.snapshots_left},
    }


def _question_json(question: TaughtQuestion) -> dict[str, str]:
    return {"id": question.id, "answer_id": question.answer_id}


def _warn(erased: Erased, settings: Settings) -> None:
    """What this command can't do by itself."""
    if erased.scrubbed is False:
        err.print(
            "[yellow]The rows are gone, but the file could not be rewritten (in use, or no space), so the words may "
            "still be found in it.[/] Stop the service, then run:",
            soft_wrap=True,
            markup=True,
        )
        file = shlex.quote(str(make_url(settings.database_url).database))
        err.print(f"  sqlite3 {file} 'VACUUM; PRAGMA wal_checkpoint(TRUNCATE)'", soft_wrap=True)
    if erased.reports_removed:
        err.print(f"{erased.reports_removed} reports on training runs are deleted, too", soft_wrap=True)
    if erased.questions and not erased.labels_removed:
        err.print(
            f"{len(erased.questions)} questions made of their words stay in the knowledge", soft_wrap=True
        )
    for what, left in (("Exports", erased.exports_left), ("Index folders", erased.snapshots_left)):
        if left:
            err.print(f"{what} made since may hold their words:", style="yellow", end=" ")
            err.print(", ".join(left), soft_wrap=True)
    err.print(
        "Backups made earlier, and what kefu export wrote elsewhere, still hold everything.",
        style="dim",
        soft_wrap=True,
    )
