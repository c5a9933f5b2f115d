"""``kefu releases split`` and ``experiment``: two releases that share the visitors."""

from typing import Annotated

import typer
from rich.table import Table

from bot.commands.console import AsJson, open_database, out, print_json, run
from bot.db.base import now
from bot.errors import InvalidInputError
from bot.experiments import service
from bot.experiments.schemas import ExperimentDetails, ExperimentOut, ExperimentWish
from bot.settings import Settings

ACTOR = "cli"


def register(app: typer.Typer) -> None:
    app.command("split")(split)
    app.command("experiment")(experiment)


def split(
    release_a: Annotated[str | None, typer.Argument(help="The release that speaks")] = None,
    release_b: Annotated[str | None, typer.Argument(help="The release to try")] = None,
    share: Annotated[float, typer.Option(min=0.05, max=0.95, help="Of the visitors who get B")] = 0.5,
    lead: Annotated[int, typer.Option(min=0, max=3600, help="Seconds until it begins")] = 10,
    force: Annotated[bool, typer.Option("--force", help="Although the gate refused B")] = False,
    end: Annotated[bool, typer.Option("--end", help="End the experiment that runs")] = False,
    as_json: AsJson = False,
) -> None:
    """Share the visitors between two releases until the numbers decide; the promoted one stays promoted."""
    if not end and (release_a is None or release_b is None):
        raise InvalidInputError("name two releases (kefu releases list), or say --end")

    settings = Settings()

    async def main() -> ExperimentOut:
        async with open_database(settings) as database, database.write() as session:
            if end:
                return await service.end(session, None, ended_by=ACTOR)
            wish = ExperimentWish(
                release_a=str(release_a), release_b=str(release_b), share=share, lead_s=lead, force=force
            )
            return await service.start(session, wish, data_dir=settings.data_dir, started_by=ACTOR)

    changed = run(main)
    if as_json:
        print_json(changed.model_dump(mode="json"))
        return
    state = f"begins at {changed.begins_at:%H:%M:%S} UTC" if changed.running else "is over"
    out.print(f"experiment {changed.id} {state}", soft_wrap=True)


def experiment(
    experiment_id: Annotated[str | None, typer.Argument(help="Default: the last one")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how an experiment stands. Looking often does no harm: the intervals hold at every moment at once."""

    async def main() -> ExperimentDetails:
        async with open_database(Settings()) as database, database.read() as session:
            return await service.show(session, experiment_id, at=now())

    shown = run(main)
    if as_json:
        print_json(shown.model_dump(mode="json"))
        return
    _print(shown)


def _print(shown: ExperimentDetails) -> None:
    state = "runs" if shown.running else f"{shown.end_kind}: {shown.end_reason}"
    out.print(f"{shown.id} {state}", soft_wrap=True)
    out.print(f"A {shown.release_a}: {shown.visitors_a} visitors", soft_wrap=True)
    out.print(f"B {shown.release_b}: {shown.visitors_b} visitors, share {shown.share}", soft_wrap=True)
    out.print(f"{shown.visitors_waiting} visitors came less than half an hour ago")
    table = Table("", "A", "B", "B less A", "interval")
    for each in shown.estimates:
        interval = f"{each.lower:+.3f} to {each.upper:+.3f} ({each.confidence:.1%})"
        table.add_row(
            each.metric, _share(each.mean_a), _share(each.mean_b), f"{each.difference:+.3f}", interval
        )
    out.print(table)


def _share(mean: float | None) -> str:
    return "" if mean is None else f"{mean:.1%}"
