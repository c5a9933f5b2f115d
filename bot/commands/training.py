"""``kefu train``: what is approved now becomes a trained checkpoint and a candidate release."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.console import AsJson, err, open_database, out, print_json, run
from bot.commands.watching import watched_run
from bot.db.engine import Database
from bot.db.training_tables import RunTrigger
from bot.releases import service as releases
from bot.releases.gating import REFUSED
from bot.releases.schemas import ReleaseDetails
from bot.retraining import outcome, service
from bot.retraining.claiming import Claim
from bot.retraining.foreground import claim_now, release_of, report_page
from bot.retraining.schemas import AUTO, RunOptions, TrainingRunOut
from bot.retraining.training_one import Trainer
from bot.settings import Settings

ACTOR = "cli"


def register(app: typer.Typer) -> None:
    app.command("train")(train)


def train(
    backbone: Annotated[str, typer.Option(help="auto, english, multilingual, or a folder")] = AUTO,
    tune: Annotated[bool, typer.Option(help="Train the encoder's upper layers where it is worth it")] = True,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random")] = 0,
    promote: Annotated[
        bool, typer.Option("--promote", help="Let the new release speak at once, if the gate lets it pass")
    ] = False,
    recalibrate: Annotated[
        bool, typer.Option("--recalibrate", help="Train nothing: other cut-offs, chosen on audited traffic")
    ] = False,
    queue: Annotated[bool, typer.Option("--queue", help="Leave it to a worker and return")] = False,
    as_json: AsJson = False,
) -> None:
    """Train on what is approved now; the result is a candidate release that the gate has judged."""
    settings = Settings()
    options = RunOptions(backbone=backbone, tune=tune, seed=seed, promote=promote, recalibrate=recalibrate)
    if queue:
        _queue(settings, options, as_json=as_json)
        return
    made = make_trained_release(settings, options=options, made_by=ACTOR)
    if as_json:
        report = str(made.report) if made.report else None
        print_json(made.release.model_dump(mode="json") | {"report": report})
    else:
        _print(made)
    if not made.passed:
        raise SystemExit(REFUSED)


def _print(made: "TrainedRelease") -> None:
    if made.report:
        out.print(f"Report: {made.report}", soft_wrap=True)
    release = made.release
    if release.gate and release.gate.not_compared:
        out.print(release.gate.not_compared, soft_wrap=True)
    if release.promoted:
        out.print(f"Release {release.id} speaks now.")
    elif made.passed:
        out.print(f"Release {release.id} is made; let it speak with:")
        out.print(f"kefu releases promote {release.id}", soft_wrap=True)
    else:
        out.print(f"Release {release.id} is refused by the gate:")
        for check in release.gate.checks if release.gate else ():
            if not check.passed:
                out.print(f"{check.name}: {check.reason}", soft_wrap=True)


@dataclass(frozen=True)
class TrainedRelease:
    """What a run in the foreground came to; ``report`` is the page on the training itself, None without one."""

    release: ReleaseDetails
    report: Path | None

    @property
    def passed(self) -> bool:
        return self.release.gate is not None and self.release.gate.passed


def make_trained_release(settings: Settings, *, options: RunOptions, made_by: str) -> TrainedRelease:
    """The release of a training run on what is approved now, judged by the gate; progress goes to the error stream.

    Raises:
        ConflictError: another process trains, or the run failed or was cancelled.
    """

    async def main() -> TrainedRelease:
        async with open_database(settings) as database:
            claim = await claim_now(database, settings, options=options, requested_by=made_by)
            err.print(f"Training run {claim.run_id} …")
            return await _trained(database, settings, claim)

    return run(main)


async def _trained(database: Database, settings: Settings, claim: Claim) -> TrainedRelease:
    with watched_run(settings.data_dir / claim.log_path, from_end=True) as told:
        state = await Trainer(database, settings, told=told, stopped=outcome.cancel).train(claim)
    async with database.read() as session:
        ended = await service.find(session, claim.run_id)
        shown = await releases.show(session, release_of(ended, state), data_dir=settings.data_dir)
        return TrainedRelease(shown, report_page(settings, ended))


def _queue(settings: Settings, options: RunOptions, *, as_json: bool) -> None:
    async def main() -> tuple[TrainingRunOut, bool]:
        async with open_database(settings) as database, database.write() as session:
            asked, is_new = await service.request_run(
                session, trigger=RunTrigger.MANUAL, requested_by=ACTOR, options=options
            )
            return service.run_out(asked, settings), is_new

    asked, is_new = run(main)
    if as_json:
        print_json(asked.model_dump(mode="json") | {"new": is_new})
        return
    out.print(
        f"Training run {asked.id} " + ("waits for a worker." if is_new else f"is {asked.state} already.")
    )
    out.print(f"kefu runs log {asked.id} --follow", soft_wrap=True)
