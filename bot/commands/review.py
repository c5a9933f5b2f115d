"""``kefu review``: what to decide about next, and deciding, one question after the other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated

import typer
from pydantic import TypeAdapter

from bot.answering.serving import ReleaseFollower, Serving
from bot.commands.console import AsJson, below, listing, open_database, out, print_json, run
from bot.conversations.repository import any_exchange
from bot.db.base import now
from bot.db.engine import Database
from bot.errors import InvalidInputError, NotFoundError
from bot.review.desk import ReviewDesk
from bot.review.presenting import review_items
from bot.review.schemas import DecidedAndNext, Decision, DecisionIn, ReviewItem, ReviewPage
from bot.review.service import decide
from bot.review.utterance_vectors import UtteranceVectors
from bot.settings import Duration, Settings

ACTOR = "cli"
LISTED = 20

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_queue(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Rows to show")] = LISTED,
    as_json: AsJson = False,
) -> None:
    """Show questions that nobody has decided about, the most worthwhile first."""

    async def main() -> ReviewPage:
        async with open_desk(Settings()) as (database, desk, serving):
            return await _page(database, desk, serving, limit=limit)

    page = run(main)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    table = listing("exchange", "question", whole="exchange")
    for item in page.items:
        votes = f"votes +{item.votes.up} -{item.votes.down}" if item.votes.up or item.votes.down else ""
        why = "drawn by lot" if item.audit else f"doubt {item.why.doubt:.2f}, gain {item.why.gain:.2f}"
        table.add_row(
            item.exchange_id, below(item.utterance, item.outcome, f"asked by {item.asked}", why, votes)
        )
    out.print(table)
    out.print(f"{page.waiting} questions wait.")


@app.command("decide")
def decide_one(
    exchange_id: Annotated[str, typer.Argument(help="Where it was asked: exc_…")],
    right: Annotated[bool, typer.Option("--right", help="The reply was right")] = False,
    answer: Annotated[str | None, typer.Option("--answer", help="The answer that is right: ans_…")] = None,
    text: Annotated[str | None, typer.Option("--text", help="A new answer, approved at once")] = None,
    language: Annotated[str | None, typer.Option("--language", help="Of the new answer")] = None,
    out_of_scope: Annotated[bool, typer.Option("--out-of-scope", help="No answer is right")] = False,
    skip: Annotated[
        str | None, typer.Option("--skip", help="Put it off for so long, such as 12h or 7d")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Although other answers are much like it")] = False,
    as_json: AsJson = False,
) -> None:
    """Decide about a question; it leaves the queue with its near-duplicates, and the next one is shown."""
    said = {
        Decision.RIGHT: right,
        Decision.OTHER_ANSWER: answer is not None,
        Decision.NEW_ANSWER: text is not None,
        Decision.OUT_OF_SCOPE: out_of_scope,
        Decision.SKIP: skip is not None,
    }
    verdicts = [verdict for verdict, is_said in said.items() if is_said]
    try:
        if len(verdicts) != 1:
            raise ValueError("one verdict is needed")
        until = now() + _duration(skip) if skip else None
        wanted = DecisionIn(
            verdict=verdicts[0], answer_id=answer, text=text, language=language, until=until, force=force
        )
    except ValueError as error:
        raise InvalidInputError(
            "give one of --right, --answer, --text, --out-of-scope and --skip 7d (--language goes with --text)"
        ) from error
    made = run(lambda: _decide(Settings(), exchange_id, wanted))
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    label = made.decided.label
    leads = f"leads to {label.answer_id}" if label and label.answer_id else "is out of scope"
    out.print(
        f"{label.utterance!r} {leads}" if label else f"put off until {made.decided.until}", soft_wrap=True
    )
    if made.next:
        _print_item(made.next, waiting=made.waiting)


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[tuple[Database, ReviewDesk, Serving]]:
    """With the promoted release loaded. Raises UnavailableError while there is none."""
    async with open_database(settings) as database:
        follower = ReleaseFollower(database, settings)
        try:
            await follower.refresh()
            yield database, ReviewDesk(database, UtteranceVectors()), follower.take()
        finally:
            follower.close()


async def _page(database: Database, desk: ReviewDesk, serving: Serving, *, limit: int) -> ReviewPage:
    entries = await desk.entries(serving)
    async with database.read() as session:
        items = await review_items(session, entries[:limit])
    return ReviewPage(items=items, next_cursor=None, waiting=len(entries))


async def _decide(settings: Settings, exchange_id: str, wanted: DecisionIn) -> DecidedAndNext:
    async with open_desk(settings) as (database, desk, serving):
        async with database.write() as session:
            exchange = await any_exchange(session, exchange_id)
            if exchange is None:
                raise NotFoundError(f"no exchange {exchange_id!r}")
            decided = await decide(session, exchange, wanted, languages=settings.languages, decided_by=ACTOR)
        page = await _page(database, desk, serving, limit=1)
        return DecidedAndNext(
            decided=decided, next=page.items[0] if page.items else None, waiting=page.waiting
        )


def _duration(text: str) -> timedelta:
    """Raises ValueError."""
    duration: timedelta = TypeAdapter(Duration).validate_python(text)
    return duration


def _print_item(item: ReviewItem, *, waiting: int) -> None:
    out.print(f"\nNext of {waiting}: {item.exchange_id}", soft_wrap=True)
    out.print(f"{item.utterance!r}, asked by {item.asked}, {item.outcome}", soft_wrap=True)
    for candidate in item.candidates:
        out.print(f"  {candidate.confidence:.2f}  {candidate.answer_id}  {candidate.text}", soft_wrap=True)
