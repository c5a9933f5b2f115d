"""``kefu labels``: what people say is right, and taking one source's word back."""

from typing import Annotated

import typer

from bot.commands.console import AsJson, listing, open_database, out, print_json, run
from bot.conversations.repository import any_exchange
from bot.db.knowledge_tables import LabelSource, LabelState
from bot.errors import InvalidInputError, NotFoundError
from bot.feedback.learning import Proposal, weigh_visitors
from bot.knowledge import repository
from bot.knowledge.label_schemas import AcceptIn, LabelIn, LabelOut
from bot.knowledge.labels import accept, add_label, label_out, reject
from bot.knowledge.withdrawals import Withdrawal, restore_source, withdraw_source
from bot.pagination import Page, cut, decode_cursor
from bot.settings import Settings

ACTOR = "cli"
LISTED = 100

app = typer.Typer(no_args_is_help=True)
Cursor = Annotated[str | None, typer.Option("--cursor", help="next_cursor of the page before")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Rows to show")]


@app.command("list")
def list_labels(
    source: Annotated[LabelSource | None, typer.Option("--source", help="Of this source only")] = None,
    state: Annotated[LabelState | None, typer.Option("--state", help="In this state only")] = None,
    cursor: Cursor = None,
    limit: Limit = LISTED,
    as_json: AsJson = False,
) -> None:
    """Show labels in the order they were given."""

    async def main() -> Page[LabelOut]:
        async with open_database(Settings()) as database, database.read() as session:
            after = decode_cursor(cursor)
            rows = await repository.labels_after(
                session, source=source, state=state, after=after, limit=limit + 1
            )
            page, next_cursor = cut(rows, limit=limit, key=lambda row: row.id)
            return Page(items=[label_out(row) for row in page], next_cursor=next_cursor)

    page = run(main)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    table = listing("state", "id", "utterance", "leads to", "source", "by")
    for label in page.items:
        state_shown = "withdrawn" if label.withdrawn_at else label.state.value
        leads_to = label.answer_id or ("out of scope" if label.out_of_scope else "a draft")
        table.add_row(state_shown, label.id, label.utterance, leads_to, label.source.value, label.given_by)
    out.print(table)


@app.command()
def add(
    utterance: Annotated[str, typer.Argument(help="What a customer wrote, or will write")],
    answer: Annotated[str | None, typer.Option("--answer", help="The answer that is right: ans_…")] = None,
    out_of_scope: Annotated[bool, typer.Option("--out-of-scope", help="No answer is right")] = False,
    text: Annotated[str | None, typer.Option("--text", help="A new answer, approved at once")] = None,
    language: Annotated[str | None, typer.Option("--language", help="Of the new answer")] = None,
    exchange: Annotated[str | None, typer.Option("--exchange", help="Where it was asked: exc_…")] = None,
    force: Annotated[bool, typer.Option("--force", help="Although other answers are much like it")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is right for an utterance; it counts at once, in every worker."""
    settings = Settings()
    try:
        wanted = LabelIn(
            utterance=utterance,
            answer_id=answer,
            out_of_scope=out_of_scope,
            text=text,
            language=language,
            exchange_id=exchange,
            force=force,
        )
    except ValueError as error:
        raise InvalidInputError(
            "give an utterance, and one of --answer, --out-of-scope and --text (--language goes with --text)"
        ) from error

    async def main() -> LabelOut:
        async with open_database(settings) as database, database.write() as session:
            about = await any_exchange(session, exchange) if exchange else None
            if exchange and about is None:
                raise NotFoundError(f"no exchange {exchange!r}")
            return await add_label(
                session, wanted, languages=settings.languages, given_by=ACTOR, exchange=about
            )

    _print(run(main), as_json=as_json)


@app.command("accept")
def accept_candidate(
    label_id: str,
    answer: Annotated[
        str | None, typer.Option("--answer", help="An answer that says this already: ans_…")
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", help="The answer in better words than the draft")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Although other answers are much like it")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a candidate count: what a visitor chose, or what an agent wrote in a handoff."""
    settings = Settings()
    try:
        wanted = AcceptIn(answer_id=answer, text=text, force=force)
    except ValueError as error:
        raise InvalidInputError("give --answer or a --text that is not empty, not both") from error

    async def main() -> LabelOut:
        async with open_database(settings) as database, database.write() as session:
            return await accept(session, label_id, wanted, languages=settings.languages, accepted_by=ACTOR)

    _print(run(main), as_json=as_json)


@app.command("reject")
def reject_candidate(label_id: str, as_json: AsJson = False) -> None:
    """Put a candidate aside for good."""

    async def main() -> LabelOut:
        async with open_database(Settings()) as database, database.write() as session:
            return await reject(session, label_id, rejected_by=ACTOR)

    _print(run(main), as_json=as_json)


@app.command()
def weigh(as_json: AsJson = False) -> None:
    """Show what visitors said in the last 90 days and how far it can be trusted, the strongest case first."""

    async def main() -> list[Proposal]:
        async with open_database(Settings()) as database, database.read() as session:
            return await weigh_visitors(session)

    proposals = run(main)
    if as_json:
        print_json({"items": [_weighed_json(proposal) for proposal in proposals]})
        return
    table = listing("utterance", "answer", "eligible", "for", "against", "flags", whole="answer")
    for proposal in proposals:
        weighed = proposal.weighed
        table.add_row(
            proposal.question.text,
            weighed.answer_id or "",
            "yes" if weighed.eligible else "",
            f"{weighed.support:g}",
            f"{weighed.dissent:g}",
            ", ".join(sorted(weighed.flags)),
        )
    out.print(table)


@app.command("withdraw-source")
def withdraw(
    source: Annotated[
        str, typer.Argument(help="A label source such as visitor_choice, or who gave them: key_…, vis_…, cli")
    ],
    undo: Annotated[bool, typer.Option("--undo", help="Put them back")] = False,
    as_json: AsJson = False,
) -> None:
    """Take one source's labels out with the questions they made; the bot forgets them within two seconds."""

    async def main() -> Withdrawal:
        async with open_database(Settings()) as database, database.write() as session:
            if undo:
                return await restore_source(session, source, restored_by=ACTOR)
            return await withdraw_source(session, source, taken_out_by=ACTOR)

    done = run(main)
    if as_json:
        print_json(
            {
                "source": done.source,
                "undone": undo,
                "labels": done.labels,
                "questions": done.questions,
                "questions_back": done.questions_back,
                "answers": done.answers,
            }
        )
        return
    verb = "put back" if undo else "taken out"
    back = "" if undo else f"; {done.questions_back} questions came back that had given way to them"
    out.print(
        f"{done.labels} labels {verb} with {done.questions} questions and {done.answers} answers{back}",
        soft_wrap=True,
    )
    out.print("Train again (kefu train), so that the model forgets or knows them, too.", style="dim")


def _print(label: LabelOut, *, as_json: bool) -> None:
    if as_json:
        print_json(label.model_dump(mode="json"))
        return
    leads_to = f"leads to {label.answer_id}" if label.answer_id else "is out of scope"
    said = leads_to if label.state is LabelState.COUNTED else f"is {label.state.value}"
    out.print(f"{label.id}: {label.utterance!r} {said}", soft_wrap=True)


def _weighed_json(proposal: Proposal) -> dict[str, object]:
    weighed = proposal.weighed
    return {
        "utterance": proposal.question.text,
        "language": proposal.question.language,
        "exchange_id": proposal.exchange_id,
        "answer_id": weighed.answer_id,
        "trust": weighed.trust.source.value if weighed.trust else None,
        "eligible": weighed.eligible,
        "support": weighed.support,
        "dissent": weighed.dissent,
        "independent": weighed.independent,
        "flags": sorted(weighed.flags),
    }
