"""``kefu gaps``: what customers ask and nobody has an answer for."""

from typing import Annotated

import typer

from bot.commands.console import AsJson, below, listing, open_database, out, print_json, run
from bot.commands.labels import LISTED, Cursor, Limit
from bot.commands.review import ACTOR, open_desk
from bot.db.review_tables import GapState
from bot.errors import InvalidInputError
from bot.pagination import Page
from bot.review import gap_service
from bot.review.gap_schemas import GapAnswerIn, GapOut
from bot.settings import Settings

app = typer.Typer(no_args_is_help=True)
GapId = Annotated[str, typer.Argument(help="Which gap: gap_…")]


@app.command("list")
def list_gaps(
    state: Annotated[GapState | None, typer.Option("--state", help="In this state only")] = GapState.OPEN,
    find: Annotated[bool, typer.Option("--find", help="Look for gaps first, instead of hourly")] = False,
    cursor: Cursor = None,
    limit: Limit = LISTED,
    as_json: AsJson = False,
) -> None:
    """Show gaps as they were found last, the largest first."""
    settings = Settings()

    async def main() -> Page[GapOut]:
        if find:
            async with open_desk(settings) as (_, desk, serving):
                await desk.find_gaps(serving)
        async with open_database(settings) as database, database.read() as session:
            return await gap_service.page_of_gaps(session, state=state, cursor=cursor, limit=limit)

    page = run(main)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    table = listing("id", "what is asked")
    for gap in page.items:
        a_week = f"{gap.forecast.per_week:.1f} a week" if gap.forecast else ""
        facts = (f"{gap.messages} messages", a_week, "with a draft" if gap.draft else "", *gap.terms)
        table.add_row(gap.id, below(gap.name or "", *facts))
    out.print(table)


@app.command()
def show(gap_id: GapId, as_json: AsJson = False) -> None:
    """Show a gap with examples, its draft, and what came of its answer."""

    async def main() -> GapOut:
        async with open_database(Settings()) as database, database.read() as session:
            return await gap_service.gap_out(session, gap_id)

    _print(run(main), as_json=as_json)


@app.command()
def answer(
    gap_id: GapId,
    text: Annotated[str | None, typer.Option("--text", help="The answer, instead of the draft")] = None,
    language: Annotated[str | None, typer.Option("--language", help="Of the text")] = None,
    answer_id: Annotated[
        str | None, typer.Option("--answer", help="An answer that says this already: ans_…")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Although other answers are much like it")] = False,
    as_json: AsJson = False,
) -> None:
    """Answer a gap's questions with its draft, a text, or an answer that is there."""
    settings = Settings()
    try:
        wanted = GapAnswerIn(text=text, language=language, answer_id=answer_id, force=force)
    except ValueError as error:
        raise InvalidInputError("give --text (with --language, if you like) or --answer, not both") from error

    async def main() -> GapOut:
        async with open_database(settings) as database, database.write() as session:
            return await gap_service.answer_gap(
                session, gap_id, wanted, languages=settings.languages, answered_by=ACTOR
            )

    _print(run(main), as_json=as_json)


@app.command()
def dismiss(gap_id: GapId, as_json: AsJson = False) -> None:
    """Put a gap aside, with what will be like it."""

    async def main() -> GapOut:
        async with open_database(Settings()) as database, database.write() as session:
            return await gap_service.dismiss_gap(session, gap_id, dismissed_by=ACTOR)

    _print(run(main), as_json=as_json)


def _print(gap: GapOut, *, as_json: bool) -> None:
    if as_json:
        print_json(gap.model_dump(mode="json"))
        return
    out.print(f"{gap.id}: {gap.name or '(erased)'} [{gap.state.value}]", soft_wrap=True)
    for language, questions in gap.examples.items():
        for question in questions:
            out.print(f"  {language}  {question.asked} x  {question.utterance}", soft_wrap=True)
    out.print(f"Draft: {gap.draft.text if gap.draft else 'none, nobody has replied yet'}", soft_wrap=True)
    if gap.forecast:
        forecast = gap.forecast
        out.print(f"Expected: {forecast.per_week:.1f} messages a week ({forecast.low} to {forecast.high})")
    if gap.actual:
        out.print(f"Since then: {gap.actual.answered} in {gap.actual.weeks:.1f} weeks")
