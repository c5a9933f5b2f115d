"""``kefu runs``: training runs, listed, followed and cancelled."""

import asyncio
from typing import Annotated

import typer

from bot.commands.console import AsJson, listing, open_database, out, print_json, run
from bot.commands.watching import watched_run
from bot.pagination import Page
from bot.retraining import service
from bot.retraining.schemas import RunProgress, TrainingRunOut
from bot.settings import Settings

ACTOR = "cli"
LISTED = 50
LOOK_EVERY_S = 0.5

app = typer.Typer(no_args_is_help=True)

RunId = Annotated[str, typer.Argument(help="Which run: trn_…")]


@app.command("list")
def list_runs(as_json: AsJson = False) -> None:
    """Show the training runs, the newest first."""
    settings = Settings()

    async def main() -> Page[TrainingRunOut]:
        async with open_database(settings) as database, database.read() as session:
            return await service.page_of_runs(session, settings, before=None, limit=LISTED)

    page = run(main)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    table = listing("state", "id", "asked for", "by", "so far")
    for each in page.items:
        by = f"{each.trigger}, {each.requested_by}"
        table.add_row(each.state, each.id, f"{each.created_at:%Y-%m-%d %H:%M}", by, _far(each.progress))
    out.print(table)


@app.command()
def show(run_id: RunId, as_json: AsJson = False) -> None:
    """Show a run with its progress or its outcome."""
    shown = _find(Settings(), run_id)
    if as_json:
        print_json(shown.model_dump(mode="json"))
        return
    for name, value in shown.model_dump(mode="json").items():
        if name == "progress":
            value = _far(shown.progress)
        elif name == "verdict" and shown.verdict is not None:
            said = [*(shown.verdict.reasons or ["passed"]), shown.verdict.not_compared]
            value = "; ".join(each for each in said if each)
        if value not in (None, ""):
            out.print(f"{name}: {value}", soft_wrap=True)


@app.command()
def cancel(run_id: RunId, as_json: AsJson = False) -> None:
    """End a run: at once while it waits, within seconds while it trains."""
    settings = Settings()

    async def main() -> TrainingRunOut:
        async with open_database(settings) as database, database.write() as session:
            return service.run_out(await service.cancel_run(session, run_id, cancelled_by=ACTOR), settings)

    ended = run(main)
    if as_json:
        print_json(ended.model_dump(mode="json"))
        return
    out.print(f"Training run {run_id} " + ("is cancelled." if ended.ended_at else "will end within seconds."))


@app.command()
def log(
    run_id: RunId,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run has ended")] = False,
    lines: Annotated[int, typer.Option(min=1, help="How many of the last lines")] = 200,
    as_json: AsJson = False,
) -> None:
    """Print what a run said; with --follow also how far it is, until it has ended."""
    settings = Settings()

    async def main() -> list[str]:
        async with open_database(settings) as database, database.read() as session:
            return list(await service.read_log(session, settings, run_id, lines=lines))

    if not follow:
        said = run(main)
        if as_json:
            print_json({"lines": said})
            return
        for line in said:
            out.print(line, soft_wrap=True)
        return
    ended = run(lambda: _follow(settings, run_id))
    if as_json:
        print_json(ended.model_dump(mode="json"))
        return
    out.print(
        f"Training run {run_id} is {ended.state}" + (f": {ended.error}" if ended.error else "."),
        soft_wrap=True,
    )


async def _follow(settings: Settings, run_id: str) -> TrainingRunOut:
    async with open_database(settings) as database:
        async with database.read() as session:
            file = await service.log_file(session, settings, run_id)
        with watched_run(file) as told:
            while True:
                async with database.read() as session:
                    shown = service.run_out(await service.find(session, run_id), settings)
                told(shown.progress.model_dump() if shown.progress else {})
                if shown.ended_at is not None:
                    return shown
                await asyncio.sleep(LOOK_EVERY_S)


def _find(settings: Settings, run_id: str) -> TrainingRunOut:
    async def main() -> TrainingRunOut:
        async with open_database(settings) as database, database.read() as session:
            return service.run_out(await service.find(session, run_id), settings)

    return run(main)


def _far(progress: RunProgress | None) -> str:
    if progress is None:
        return ""
    left = f", {progress.seconds_left} s left" if progress.seconds_left else ""
    return f"{progress.stage} {progress.done}/{progress.total}{left}"
