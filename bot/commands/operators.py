"""``kefu operators``: accounts of the people who work with the console."""

import sys
from typing import Annotated

import typer

from bot.access.principals import Role
from bot.commands.console import AsJson, listing, open_database, out, print_json, run
from bot.operators import service
from bot.operators.passwords import hash_password, new_password
from bot.operators.service import Account
from bot.settings import Settings

ACTOR = "cli"
app = typer.Typer(no_args_is_help=True)

Who = Annotated[str, typer.Argument(help="Name or id")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What they log in with")],
    role: Annotated[
        Role, typer.Option("--role", help="What they may do; each role holds the ones before it")
    ],
    password_stdin: FromStdin = False,
    as_json: AsJson = False,
) -> None:
    """Make an account. Asks for the password; without a terminal, or when none is typed, one is made and shown once."""
    password, made = _password(password_stdin)

    async def main() -> Account:
        hashed = await hash_password(password)
        async with open_database(Settings()) as database, database.write() as session:
            return await service.create_operator(
                session, name=name, role=role, password_hash=hashed, created_by=ACTOR
            )

    _tell(run(main), password if made else None, as_json=as_json)


@app.command("list")
def list_operators(as_json: AsJson = False) -> None:
    """Show all accounts."""

    async def main() -> list[Account]:
        async with open_database(Settings()) as database, database.read() as session:
            return list(await service.all_operators(session))

    accounts = run(main)
    if as_json:
        print_json({"items": [_as_json(account) for account in accounts]})
        return
    table = listing("id", "name", "role", "made", "disabled")
    for account in accounts:
        made, disabled = f"{account.created_at:%Y-%m-%d}", "yes" if account.disabled_at else ""
        table.add_row(account.id, account.name, account.role.value, made, disabled)
    out.print(table)


@app.command("set-role")
def set_role(who: Who, role: Role) -> None:
    """Change what somebody may do, from their next request on."""

    async def main() -> Account:
        async with open_database(Settings()) as database, database.write() as session:
            account = await service.find_operator(session, who)
            return await service.set_role(session, account.id, role, set_by=ACTOR)

    account = run(main)
    out.print(f"{account.name} is {account.role.value}")


@app.command("reset-password")
def reset_password(who: Who, password_stdin: FromStdin = False, as_json: AsJson = False) -> None:
    """Give somebody a new password, as with create; all their sessions end."""
    password, made = _password(password_stdin)

    async def main() -> Account:
        hashed = await hash_password(password)
        async with open_database(Settings()) as database, database.write() as session:
            account = await service.find_operator(session, who)
            return await service.set_password(session, account.id, hashed, set_by=ACTOR)

    _tell(run(main), password if made else None, as_json=as_json)


@app.command()
def disable(who: Who) -> None:
    """Shut somebody out at once; what they did keeps their name."""

    async def main() -> Account:
        async with open_database(Settings()) as database, database.write() as session:
            account = await service.find_operator(session, who)
            return await service.disable_operator(session, account.id, disabled_by=ACTOR)

    out.print(f"{run(main).name} is disabled")


@app.command()
def enable(who: Who) -> None:
    """Let somebody in again."""

    async def main() -> Account:
        async with open_database(Settings()) as database, database.write() as session:
            account = await service.find_operator(session, who)
            return await service.enable_operator(session, account.id, enabled_by=ACTOR)

    out.print(f"{run(main).name} may log in")


def _password(from_stdin: bool) -> tuple[str, bool]:
    """The password, and whether it was made here."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n"), False
    typed = ""
    if sys.stdin.isatty():
        typed = typer.prompt(
            "Password (empty to have one made)",
            default="",
            show_default=False,
            hide_input=True,
            confirmation_prompt=True,
            err=True,
        )
    return typed or new_password(), not typed


def _tell(account: Account, made: str | None, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(account) | {"password": made})
        return
    out.print(f"{account.name} ({account.role.value}) may log in at /console")
    if made:
        out.print(made, soft_wrap=True)
        out.print("That is the password. Keep it now: it can't be shown again.", style="dim")


def _as_json(account: Account) -> dict[str, str | bool]:
    return {
        "id": account.id,
        "name": account.name,
        "role": account.role.value,
        "disabled": account.disabled_at is not None,
    }
