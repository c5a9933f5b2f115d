"""``kefu train``: what is approved now becomes a trained checkpoint and a candidate release."""

import shutil
import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.console import AsJson, err, open_database, out, print_json, progress_bar, run
from bot.commands.training_process import get_backbone, run_training
from bot.db.base import new_id
from bot.db.engine import Database
from bot.private_files import make_private_folder
from bot.releases import building, service
from bot.releases.building import ASSUMED_UNKNOWN_SHARE, BuildInputs, checkpoint_path
from bot.releases.reports import page_in, report_folder
from bot.releases.schemas import ReleaseDetails
from bot.settings import Settings

ACTOR = "cli"
LONGEST_RUN = timedelta(days=1)


def register(app: typer.Typer) -> None:
    app.command("train")(train)


def train(
    backbone: Annotated[str, typer.Option(help="auto, english, multilingual, or a folder")] = "auto",
    tune: Annotated[bool, typer.Option(help="Train the encoder's upper layers where it is worth it")] = True,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random")] = 0,
    promote: Annotated[bool, typer.Option("--promote", help="Let the new release speak at once")] = False,
    as_json: AsJson = False,
) -> None:
    """Train on what is approved now; the result is a candidate release."""
    settings = Settings()
    chosen = settings.backbone if backbone == "auto" else backbone
    if backbone == "auto":
        get_backbone(settings, aside=as_json)
    made, report = make_trained_release(
        settings, backbone=chosen, tune=tune, seed=seed, promote=promote, made_by=ACTOR, aside=as_json
    )
    if as_json:
        print_json(made.model_dump(mode="json") | {"report": str(report) if report else None})
        return
    out.print(f"Release {made.id} " + ("speaks now." if promote else "is made; let it speak with:"))
    if not promote:
        out.print(f"kefu releases promote {made.id}", soft_wrap=True)


def make_trained_release(
    settings: Settings,
    *,
    backbone: str,
    tune: bool,
    seed: int,
    promote: bool,
    made_by: str,
    aside: bool = False,
) -> tuple[ReleaseDetails, Path | None]:
    """The release of a training run on what is approved now, and its report's page; `aside` as in `run_training`."""

    async def load() -> BuildInputs:
        async with open_database(settings) as database:
            return await building.load_inputs(database)

    inputs = run(load)
    checkpoint_id = _trained(settings, inputs, backbone=backbone, tune=tune, seed=seed, aside=aside)

    async def release() -> ReleaseDetails:
        async with open_database(settings) as database:
            with progress_bar() as progress:
                parts = await building.release_of_checkpoint(
                    database,
                    settings,
                    inputs,
                    checkpoint_id=checkpoint_id,
                    created_by=made_by,
                    progress=progress,
                )
            if promote:
                await _promote(database, parts.release.id, promoted_by=made_by)
            async with database.read() as session:
                return await service.show(session, parts.release.id, data_dir=settings.data_dir)

    return run(release), page_in(report_folder(settings, checkpoint_id))


def _trained(
    settings: Settings, inputs: BuildInputs, *, backbone: str, tune: bool, seed: int, aside: bool
) -> str:
    """Exports, trains in a process of its own, takes the export away again; returns the checkpoint's id."""
    from retrieval.training_export import write_training_export

    make_private_folder(settings.data_dir)
    checkpoint_id = new_id("chk")
    sweep_exports(settings.data_dir / "training", older_than=LONGEST_RUN)
    export = settings.data_dir / "training" / checkpoint_id
    manifest = write_training_export(
        export,
        knowledge=inputs.knowledge,
        out_of_scope=inputs.out_of_scope,
        sources=inputs.sources,
        meta={"revision": inputs.revision},
    )
    work = settings.data_dir / "training" / f"work-{manifest.digest[:16]}-{seed}"
    err.print(f"Training on {len(inputs.knowledge.questions)} approved questions …")
    try:
        run_training(
            *("train", "--export", str(export)),
            *("--target", str(settings.data_dir / checkpoint_path(checkpoint_id))),
            *("--backbone", backbone, "--tune" if tune else "--no-tune", "--seed", str(seed)),
            *("--work", str(work)),
            *("--target-error", str(settings.tolerated_error), "--unknown-share", str(ASSUMED_UNKNOWN_SHARE)),
            *("--report", str(report_folder(settings, checkpoint_id))),
            aside=aside,
        )
    finally:
        # It holds the customers' words: nothing keeps it but the database. What a killed run has left in `work` has none.
        shutil.rmtree(export, ignore_errors=True)
    return checkpoint_id


def sweep_exports(folder: Path, *, older_than: timedelta) -> None:
    """Takes away what killed runs have left behind."""
    before = time.time() - older_than.total_seconds()
    for left in folder.iterdir() if folder.is_dir() else ():
        if left.stat().st_mtime < before:
            shutil.rmtree(left, ignore_errors=True)


async def _promote(database: Database, release_id: str, *, promoted_by: str) -> None:
    async with database.write() as session:
        await service.promote(session, release_id, promoted_by=promoted_by)
