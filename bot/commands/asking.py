"""``kefu ask``: one question, answered by the very parts that serve customers, and explained."""

from typing import Annotated, Any

import typer
from rich.table import Table

from bot.answering.context import turn_of
from bot.answering.replying import Reply, reply_to
from bot.answering.sections_later import all_added
from bot.answering.serving import ReleaseFollower
from bot.answering.understanding import understand
from bot.commands.console import AsJson, open_database, out, print_json, run
from bot.db.base import JsonObject
from bot.db.engine import Database
from bot.settings import Settings
from retrieval.context import Turn
from retrieval.decision import Outcome

_NOT_NUMBERS = ("masked", "sections", "composition", "context", "questions")


def register(app: typer.Typer) -> None:
    app.command("ask")(ask)


def ask(
    question: Annotated[str, typer.Argument(help="What a customer would type")],
    after: Annotated[
        list[str] | None, typer.Option("--after", help="What was asked before, in order; can be repeated")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show what led to the reply")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask the promoted release. Nothing is stored."""
    settings = Settings()

    async def main() -> tuple[Reply, str]:
        async with open_database(settings) as database:
            follower = ReleaseFollower(database, settings)
            try:
                await follower.refresh()
                await all_added()
                return await _in_turn(database, follower, settings, [*(after or ()), question])
            finally:
                follower.close()

    reply, release = run(main)
    if as_json:
        print_json(_as_json(reply, release, explain=explain))
        return
    _print_reply(reply)
    if explain:
        _print_explanation(reply, release)


async def _in_turn(
    database: Database, follower: ReleaseFollower, settings: Settings, questions: list[str]
) -> tuple[Reply, str]:
    """The last reply. Each question is asked after those before it and their replies, as in a conversation."""
    turns: list[Turn] = []
    language = None
    for question in questions:
        understood = await understand(
            question,
            follower=follower,
            languages=settings.languages,
            conversation_language=language,
            turns=turns,
        )
        seen = understood
        reply = await database.quick.read(lambda connection: reply_to(connection, seen))  # noqa: B023  # awaited
        language = understood.language
        if understood.small_talk is None and not understood.wants_person:
            turns = [turn_of(understood.utterance, understood.language, reply), *turns]
    return reply, understood.serving.release_id


def _as_json(reply: Reply, release: str, *, explain: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "outcome": reply.outcome.value,
        "reply": {"text": reply.text, "language": reply.language, "parts": list(reply.parts)},
        "choices": list(reply.choices),
        "suggestions": list(reply.suggestions),
        "release": release,
    }
    if explain:
        body |= {
            "confidence": reply.confidence,
            "intent": reply.intent,
            "candidates": list(reply.candidates),
            "evidence": dict(reply.evidence or {}),
            "rule": reply.rule,
        }
    return body


def _print_reply(reply: Reply) -> None:
    out.print(reply.text, soft_wrap=True)
    for choice in reply.choices:
        out.print(f"  • {choice['question']}", soft_wrap=True)
    if reply.suggestions:
        out.print("Near it: " + " · ".join(reply.suggestions), soft_wrap=True)


def _print_explanation(reply: Reply, release: str) -> None:
    out.print(
        f"\noutcome {reply.outcome.value} · rule {reply.rule} · confidence {reply.confidence:.3f} · {release}",
        soft_wrap=True,
    )
    table = Table("past question", "answer", "similarity", "lexical", "support", "confidence")
    for row in reply.candidates:
        numbers = (f"{row[name]:.3f}" for name in ("similarity", "lexical", "support", "confidence"))
        # Ids begin with the time they were made: those of one import differ at their ends.
        table.add_row(row["question"], f"…{row['answer_id'][-8:]}", *numbers)
    out.print(table)
    evidence = reply.evidence or {}
    numbers = (f"{name} {value}" for name, value in evidence.items() if name not in _NOT_NUMBERS)
    out.print(" · ".join(numbers), soft_wrap=True)
    if "context" in evidence:
        _print_context(evidence["context"])
    if "composition" in evidence:
        _print_composition(evidence["composition"], given=reply.outcome is Outcome.COMPOSED)


def _print_composition(composition: JsonObject, *, given: bool) -> None:
    """Each sentence with its source, and what was left out, why."""
    told = "composed from" if given else "could be composed from, not given:"
    out.print(
        f"\n{told} (confidence {composition['confidence']:.3f}, coverage {composition['coverage']:.3f})"
    )
    table = Table("sentence", "source", "left out because")
    for row in composition["sentences"]:
        table.add_row(row["text"], row["heading"], "")
    for row in composition["left_out"]:
        table.add_row(row["text"], row["section_id"], row["reason"])
    out.print(table)


def _print_context(context: dict[str, Any]) -> None:
    """What was searched, and why."""
    before = " · ".join(context["with"])
    said = f"context {context['how']}, chance {context['chance']:.2f}: {before}"
    out.print(said + (f" · without {context['without']}" if context["without"] else ""), soft_wrap=True)
