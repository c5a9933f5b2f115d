"""The ``kefu`` command: one module a group of commands in ``bot/commands``, imported when one of them is asked for.

Exit codes: 0 done, 1 failed, 2 usage or bad input, 3 refused by the gate, 4 done but some lines were rejected.
"""

import os
import sys
from dataclasses import dataclass
from importlib import import_module

import structlog
import typer

from bot.commands.console import errors_for_people
from bot.logs import configure_logs
from bot.setting_names import misspelt_settings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Module:
    """``help`` is that of its group; a module without one registers each command itself."""

    name: str
    offers: tuple[str, ...]
    help: str | None = None


MODULES = (
    _Module("serving", ("serve", "migrate")),
    _Module("demo", ("demo",)),
    _Module("asking", ("ask",)),
    _Module("importing", ("import", "imports")),
    _Module("training", ("train",)),
    _Module("training_process", ("models", "benchmark", "simulate")),
    _Module("working", ("worker",)),
    _Module("examining", ("doctor",)),
    _Module("backing_up", ("backup", "restore")),
    _Module("erasing", ("erase",)),
    _Module("operating", ("version",)),
    _Module("exporting", ("export",), "Files for others: exchanges, knowledge, labels, conversation"),
    _Module("documents", ("documents",), "Imported help pages and files: list, show, approve, retire"),
    _Module("feedback", ("feedback",), "What visitors thought of replies"),
    _Module("labels", ("labels",), "What people say is right: list, add, weigh, withdraw a source"),
    _Module("review", ("review",), "What to decide about next: list, decide"),
    _Module("gaps", ("gaps",), "What is asked and has no answer: list, show, answer, dismiss"),
    _Module("handoffs", ("handoffs",), "Who waits for a person: list, show, take, reply, hand back, close"),
    _Module("keys", ("keys",), "API keys for integrators"),
    _Module("operators", ("operators",), "Accounts of the people who work with the console"),
    _Module("sites", ("sites",), "Websites that Kefu serves: create, list, show, set, secret, delete"),
    _Module("webhooks", ("webhooks",), "Who is told what happens: create, list, deliveries, replay, delete"),
    _Module("runs", ("runs",), "Training runs: list, show, follow, cancel"),
    _Module("releases", ("releases",), "What the bot speaks with: list, show, promote, roll back, compare"),
)


def commands(only: str | None = None) -> typer.Typer:
    """All of them, or those of the module that offers one: to import every module takes seconds."""
    app = typer.Typer(
        name="kefu",
        help="Turns past support conversations into a bot that answers customers in English and Chinese.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    for each in [each for each in MODULES if only in each.offers] or MODULES:
        module = import_module(f"bot.commands.{each.name}")
        if each.help is None:
            module.register(app)
        else:
            app.add_typer(module.app, name=each.offers[0], help=each.help)
    app.callback()(_of_all)  # without which typer would take a single command for the whole of ``kefu``
    return app


def _of_all() -> None:
    pass


def main() -> None:
    configure_logs()
    command = sys.argv[1] if len(sys.argv) > 1 else None
    if command != "doctor":  # which says it among its findings
        for misspelt in misspelt_settings(os.environ):
            log.warning("unknown_setting", detail=misspelt)
    with errors_for_people():
        commands(only=command)(prog_name="kefu")


if __name__ == "__main__":
    main()
