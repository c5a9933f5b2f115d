"""``kefu keys``: API keys for integrators."""

from typing import Annotated

import typer

from bot.access import keys as service
from bot.access.keys import NewKey
from bot.access.principals import Scope
from bot.commands.console import AsJson, listing, open_database, out, print_json, run
from bot.db.access_tables import ApiKey
from bot.settings import Settings

ACTOR = "cli"
app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Option("--name", help="What the key is for")],
    scope: Annotated[Scope, typer.Option("--scope", help="What it may do")],
    as_json: AsJson = False,
) -> None:
    """Make a key. It is shown once and stored hashed."""

    async def main() -> NewKey:
        async with open_database(Settings()) as database, database.write() as session:
            return await service.create_key(session, name=name, scope=scope, created_by=ACTOR)

    made = run(main)
    if as_json:
        print_json({"key": made.token, "id": made.id, "name": made.name, "scope": scope.value})
    else:
        out.print(made.token, soft_wrap=True)
        out.print("Keep it now: it can't be shown again.", style="dim")


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Show all keys, without their secret."""

    async def main() -> list[ApiKey]:
        async with open_database(Settings()) as database, database.read() as session:
            return list(await service.all_keys(session))

    keys = run(main)
    if as_json:
        fields = ("id", "name", "scope")
        print_json(
            {
                "items": [
                    {f: getattr(k, f) for f in fields} | {"revoked": k.revoked_at is not None} for k in keys
                ]
            }
        )
        return
    table = listing("id", "name", "scope", "made", "revoked")
    for key in keys:
        table.add_row(
            key.id, key.name, key.scope, f"{key.created_at:%Y-%m-%d}", "yes" if key.revoked_at else ""
        )
    out.print(table)


@app.command()
def revoke(key_id: str) -> None:
    """End a key's life at once."""

    async def main() -> None:
        async with open_database(Settings()) as database, database.write() as session:
            await service.revoke_key(session, key_id, revoked_by=ACTOR)

    run(main)
    out.print(f"{key_id} revoked")
