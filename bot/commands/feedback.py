"""``kefu feedback``: what visitors thought of replies."""

from typing import Annotated

import typer

from bot.commands.console import AsJson, listing, open_database, out, print_json, run
from bot.commands.labels import LISTED, Cursor, Limit
from bot.feedback.schemas import Rating, VoteOut
from bot.feedback.service import page_of_votes
from bot.pagination import Page, decode_cursor
from bot.settings import Settings

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_votes(
    rating: Annotated[Rating | None, typer.Option("--rating", help="up or down only")] = None,
    exchange: Annotated[str | None, typer.Option("--exchange", help="On this exchange only: exc_…")] = None,
    cursor: Cursor = None,
    limit: Limit = LISTED,
    as_json: AsJson = False,
) -> None:
    """Show votes in the order they were given, also those that count no more."""

    async def main() -> Page[VoteOut]:
        async with open_database(Settings()) as database, database.read() as session:
            return await page_of_votes(
                session, rating=rating, exchange_id=exchange, after=decode_cursor(cursor), limit=limit
            )

    page = run(main)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    table = listing("rating", "exchange", "given", "reason", "comment", "counts", whole="exchange")
    for vote in page.items:
        reason = vote.reason.value if vote.reason else ""
        given, counts = f"{vote.created_at:%Y-%m-%d %H:%M}", "yes" if vote.counts else ""
        table.add_row(vote.rating.value, vote.exchange_id, given, reason, vote.comment or "", counts)
    out.print(table)
