"""``kefu releases``: what the bot speaks with, and going back to what it spoke with before."""

from typing import Annotated

import typer
from rich.table import Table

from bot.commands import experiments, quality, shadows
from bot.commands.console import AsJson, listing, open_database, out, print_json, run
from bot.pagination import Page
from bot.releases import service
from bot.releases.schemas import ReleaseDetails, ReleaseOut
from bot.settings import Settings

ACTOR = "cli"
LISTED = 100
_GATE = {True: "passed", False: "refused", None: ""}

app = typer.Typer(no_args_is_help=True)
shadows.register(app)
experiments.register(app)
quality.register(app)


@app.command("list")
def list_releases(as_json: AsJson = False) -> None:
    """Show the releases, the newest first."""

    async def main() -> Page[ReleaseOut]:
        async with open_database(Settings()) as database, database.read() as session:
            return await service.page_of_releases(session, before=None, limit=LISTED)

    page = run(main)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    table = listing("speaks", "id", "gate", "promoted", "made", "by")
    for release in page.items:
        promoted = f"{release.promoted_at:%Y-%m-%d %H:%M}" if release.promoted_at else ""
        made = f"{release.created_at:%Y-%m-%d %H:%M}"
        gate = "removed" if release.removed_at else _GATE[release.gate_passed]
        table.add_row("yes" if release.promoted else "", release.id, gate, promoted, made, release.created_by)
    out.print(table)


@app.command()
def show(release_id: str, as_json: AsJson = False) -> None:
    """Show a release with its folders and files."""
    settings = Settings()

    async def main() -> ReleaseDetails:
        async with open_database(settings) as database, database.read() as session:
            return await service.show(session, release_id, data_dir=settings.data_dir)

    _print(run(main), as_json=as_json)


@app.command()
def promote(
    release_id: str,
    force: Annotated[bool, typer.Option("--force", help="Although the gate refused it")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a release speak, in every worker, within five seconds."""
    settings = Settings()

    async def main() -> ReleaseDetails:
        async with open_database(settings) as database, database.write() as session:
            await service.promote(
                session, release_id, data_dir=settings.data_dir, promoted_by=ACTOR, force=force
            )
            return await service.show(session, release_id, data_dir=settings.data_dir)

    _print(run(main), as_json=as_json)


@app.command()
def rollback(
    release_id: Annotated[str | None, typer.Argument(help="Default: the one promoted before")] = None,
    as_json: AsJson = False,
) -> None:
    """Go back to an earlier release."""
    settings = Settings()

    async def main() -> ReleaseDetails:
        async with open_database(settings) as database, database.write() as session:
            if release_id is None:
                parts = await service.roll_back(session, data_dir=settings.data_dir, rolled_back_by=ACTOR)
            else:
                parts = await service.promote(
                    session,
                    release_id,
                    data_dir=settings.data_dir,
                    promoted_by=ACTOR,
                    action=service.ROLL_BACK,
                )
            return await service.show(session, parts.release.id, data_dir=settings.data_dir)

    _print(run(main), as_json=as_json)


def _print(release: ReleaseDetails, *, as_json: bool) -> None:
    if as_json:
        print_json(release.model_dump(mode="json"))
        return
    table = Table("", "", show_header=False, box=None, pad_edge=False)
    table.add_row("release", release.id)
    table.add_row("speaks", "yes" if release.promoted else "no")
    table.add_row("made", f"{release.created_at:%Y-%m-%d %H:%M} UTC by {release.created_by}")
    table.add_row("gate", _GATE[release.gate_passed] or "not judged")
    if release.gate and release.gate.not_compared:
        table.add_row("", release.gate.not_compared)
    for check in release.gate.checks if release.gate else ():
        if not check.passed:
            table.add_row("", f"{check.name}: {check.reason}")
    if release.gate and release.gate.report:
        table.add_row("", release.gate.report)
    if release.removed_at:
        table.add_row("folders", f"removed {release.removed_at:%Y-%m-%d %H:%M} UTC")
    table.add_row("checkpoint", release.checkpoint.path)
    table.add_row(
        "snapshot", f"{release.snapshot.path} ({release.snapshot.summary.get('questions')} questions)"
    )
    out.print(table, soft_wrap=True)
