"""Looking after an installation."""

import typer

from bot.commands.console import out
from bot.version import VERSION


def register(app: typer.Typer) -> None:
    app.command("version")(version)


def version() -> None:
    """Print the version."""
    out.print(VERSION)
