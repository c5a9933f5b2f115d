"""The ``kefu`` command: one module a group of commands in ``bot/commands``.

Exit codes: 0 done, 1 failed, 2 usage or bad input, 3 refused by the gate, 4 done but some lines were rejected.
"""

import typer

from bot.commands import (
    asking,
    backing_up,
    demo,
    documents,
    erasing,
    examining,
    exporting,
    feedback,
    gaps,
    handoffs,
    importing,
    keys,
    labels,
    operating,
    operators,
    releases,
    review,
    runs,
    serving,
    sites,
    training,
    training_process,
    webhooks,
    working,
)
from bot.commands.console import errors_for_people
from bot.logs import configure_logs

app = typer.Typer(
    name="kefu",
    help="Turns past support conversations into a bot that answers customers in English and Chinese.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for group in (
    serving,
    demo,
    asking,
    importing,
    training,
    training_process,
    working,
    examining,
    backing_up,
    erasing,
    operating,
):
    group.register(app)
app.add_typer(
    exporting.app, name="export", help="Files for others: exchanges, knowledge, labels, conversation"
)
app.add_typer(
    documents.app, name="documents", help="Imported help pages and files: list, show, approve, retire"
)
app.add_typer(feedback.app, name="feedback", help="What visitors thought of replies")
app.add_typer(labels.app, name="labels", help="What people say is right: list, add, weigh, withdraw a source")
app.add_typer(review.app, name="review", help="What to decide about next: list, decide")
app.add_typer(gaps.app, name="gaps", help="What is asked and has no answer: list, show, answer, dismiss")
app.add_typer(
    handoffs.app, name="handoffs", help="Who waits for a person: list, show, take, reply, hand back, close"
)
app.add_typer(keys.app, name="keys", help="API keys for integrators")
app.add_typer(operators.app, name="operators", help="Accounts of the people who work with the console")
app.add_typer(
    sites.app, name="sites", help="Websites that Kefu serves: create, list, show, set, secret, delete"
)
app.add_typer(
    webhooks.app, name="webhooks", help="Who is told what happens: create, list, deliveries, replay, delete"
)
app.add_typer(runs.app, name="runs", help="Training runs: list, show, follow, cancel")
app.add_typer(
    releases.app, name="releases", help="What the bot speaks with: list, show, promote, roll back, compare"
)


def main() -> None:
    configure_logs()
    with errors_for_people():
        app(prog_name="kefu")


if __name__ == "__main__":
    main()
