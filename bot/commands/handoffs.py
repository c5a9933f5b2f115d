"""``kefu handoffs``: answer customers who wait for a person, from a terminal."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

import typer
from pydantic import ValidationError
from sqlalchemy import Connection

from bot.commands.console import AsJson, listing, open_database, out, print_json, run
from bot.commands.labels import ACTOR, LISTED, Cursor, Limit
from bot.conversations.presenting import message_out
from bot.conversations.repository import newest_messages
from bot.conversations.schemas import MessageOut
from bot.db.conversation_tables import HandoffState
from bot.errors import InvalidInputError
from bot.handoffs import service
from bot.handoffs.availability import note_presence
from bot.handoffs.briefing import page_of_handoffs, show_handoff
from bot.handoffs.schemas import AgentReplyIn, AgentReplyOut, HandoffOut, OperatorHandoff
from bot.pagination import Page, decode_cursor
from bot.settings import Settings

SHOWN_MESSAGES = 20

app = typer.Typer(no_args_is_help=True)
HandoffId = Annotated[str, typer.Argument(help="Which handoff: hnd_…")]
T = TypeVar("T")


@dataclass(frozen=True)
class _AtTerminal:
    """Whoever has this machine, as an agent."""

    id: str = ACTOR
    name: str = ACTOR


_AGENT = _AtTerminal()


@app.command("list")
def list_handoffs(
    state: Annotated[HandoffState | None, typer.Option("--state", help="In this state only")] = None,
    cursor: Cursor = None,
    limit: Limit = LISTED,
    as_json: AsJson = False,
) -> None:
    """Show who waits for a person, talks with one, or waited in vain; the oldest first."""
    settings, after = Settings(), decode_cursor(cursor)

    def work(connection: Connection) -> Page[OperatorHandoff]:
        note_presence(connection, _AGENT)
        return page_of_handoffs(connection, settings.handoffs, state=state, after=after, limit=limit)

    page = _written(settings, work)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    table = listing("id", "state", "since (UTC)", "question")
    for item in page.items:
        since = f"{item.briefing.waiting_since:%m-%d %H:%M}"
        table.add_row(item.id, item.state.value, since, item.briefing.question or "")
    out.print(table)


@app.command()
def show(handoff_id: HandoffId, as_json: AsJson = False) -> None:
    """Show what the visitor asked, what the bot tried and on what evidence, and what was said last."""
    settings = Settings()

    def work(connection: Connection) -> tuple[OperatorHandoff, list[MessageOut]]:
        note_presence(connection, _AGENT)
        handoff = show_handoff(connection, handoff_id, settings.handoffs)
        said = newest_messages(connection, handoff.conversation_id, limit=SHOWN_MESSAGES)
        return handoff, [message_out(row) for row in said]

    handoff, messages = _written(settings, work)
    if as_json:
        said = [message.model_dump(mode="json") for message in messages]
        print_json({**handoff.model_dump(mode="json"), "messages": said})
        return
    _print_handoff(handoff, messages)


@app.command()
def take(handoff_id: HandoffId, as_json: AsJson = False) -> None:
    """Take over: the bot falls silent."""
    _step(service.take, handoff_id, as_json=as_json)


@app.command()
def reply(
    handoff_id: HandoffId,
    text: Annotated[str, typer.Argument(help="What to say to the visitor")],
    as_json: AsJson = False,
) -> None:
    """Say something to the visitor; takes over first if nobody has."""
    settings = Settings()
    try:
        said = AgentReplyIn(text=text)
    except ValidationError as error:
        raise InvalidInputError(f"the text: {error.errors()[0]['msg']}") from error

    def work(connection: Connection) -> AgentReplyOut:
        handoff = show_handoff(connection, handoff_id, settings.handoffs)
        return service.reply_as_agent(connection, handoff.conversation_id, said, agent=_AGENT)

    replied = _written(settings, work)
    if as_json:
        print_json(replied.model_dump(mode="json"))
        return
    out.print("Said." + (f" Kept as a draft answer: {replied.label_id}" if replied.label_id else ""))


@app.command("hand-back")
def hand_back(handoff_id: HandoffId, as_json: AsJson = False) -> None:
    """Let the bot speak again."""
    _step(service.hand_back, handoff_id, as_json=as_json)


@app.command()
def close(handoff_id: HandoffId, as_json: AsJson = False) -> None:
    """End the conversation; when the visitor writes again, the bot answers."""
    _step(service.close, handoff_id, as_json=as_json)


def _step(step: Callable[..., HandoffOut], handoff_id: str, *, as_json: bool) -> None:
    settings = Settings()
    done = _written(settings, lambda c: step(c, handoff_id, agent=_AGENT, settings=settings.handoffs))
    if as_json:
        print_json(done.model_dump(mode="json"))
        return
    out.print(f"{done.id} is now {done.state.value.replace('_', ' ')}")


def _written(settings: Settings, work: Callable[[Connection], T]) -> T:
    async def main() -> T:
        async with open_database(settings) as database:
            return await database.quick.write(work)

    return run(main)


def _print_handoff(handoff: OperatorHandoff, messages: list[MessageOut]) -> None:
    briefing = handoff.briefing
    held = f", held by {handoff.held_by}" if handoff.held_by else ""
    out.print(f"{handoff.id}: {handoff.state.value.replace('_', ' ')}{held}", soft_wrap=True)
    out.print(
        f"asked for at {briefing.waiting_since:%Y-%m-%d %H:%M} UTC because of {briefing.reason}",
        soft_wrap=True,
    )
    if briefing.question:
        out.print(f"question ({briefing.language}): {briefing.question}", soft_wrap=True)
    if briefing.contact:
        contact = briefing.contact
        known = ", ".join(filter(None, (contact.name, contact.email, contact.phone)))
        out.print(f"contact: {known}", soft_wrap=True)
    if briefing.evidence:
        table = listing("confidence", "near question", "its answer", whole="confidence")
        for near in briefing.evidence:
            table.add_row(f"{near.confidence:.2f}", near.question, near.text or "(not given any more)")
        out.print(table)
    for message in messages:
        out.print(f"{message.created_at:%H:%M} {message.role}: {message.text}", soft_wrap=True)
