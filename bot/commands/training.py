"""``kefu train``: what is approved now becomes a trained checkpoint and a candidate release."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.console import AsJson, err, open_database, out, print_json, progress_bar, run
from bot.commands.gating import judge_release
from bot.commands.training_process import get_backbone, run_training
from bot.db.base import new_id
from bot.private_files import make_private_folder
from bot.releases import building, service
from bot.releases.building import ASSUMED_UNKNOWN_SHARE, BuildInputs, checkpoint_path
from bot.releases.gating import REFUSED
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
    promote: Annotated[
        bool, typer.Option("--promote", help="Let the new release speak at once, if the gate lets it pass")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train on what is approved now; the result is a candidate release that the gate has judged."""
    settings = Settings()
    chosen = settings.backbone if backbone == "auto" else backbone
    if backbone == "auto":
        get_backbone(settings, aside=as_json)
    made = make_trained_release(
        settings, backbone=chosen, tune=tune, seed=seed, promote=promote, made_by=ACTOR, aside=as_json
    )
    if as_json:
        report = str(made.report) if made.report else None
        print_json(made.release.model_dump(mode="json") | {"report": report})
    else:
        _print(made.release)
    if not made.passed:
        raise SystemExit(REFUSED)


def _print(release: ReleaseDetails) -> None:
    if release.promoted:
        out.print(f"Release {release.id} speaks now.")
        return
    refused = [check for check in release.gate.checks if not check.passed] if release.gate else []
    out.print(
        f"Release {release.id} is " + ("refused by the gate:" if refused else "made; let it speak with:")
    )
    for check in refused:
        out.print(f"{check.name}: {check.reason}", soft_wrap=True)
    if not refused:
        out.print(f"kefu releases promote {release.id}", soft_wrap=True)


@dataclass(frozen=True)
class TrainedRelease:
    """What a run in the foreground came to; `report` is the page on the training itself, None without one."""

    release: ReleaseDetails
    report: Path | None
    passed: bool


def make_trained_release(
    settings: Settings,
    *,
    backbone: str,
    tune: bool,
    seed: int,
    promote: bool,
    made_by: str,
    aside: bool = False,
) -> TrainedRelease:
    """Trains on what is approved now, builds a release and lets the gate judge it; `aside` as in `run_training`.

    It is promoted where that is wished here or by the settings, and the gate lets it pass.
    """
    inputs = run(lambda: _load(settings))
    checkpoint_id = new_id("chk")
    with _exported(settings, inputs, checkpoint_id) as (export, digest):
        work = settings.data_dir / "training" / f"work-{digest[:16]}-{seed}"
        err.print(f"Training on {len(inputs.knowledge.questions)} approved questions …")
        run_training(
            *("train", "--export", str(export)),
            *("--target", str(settings.data_dir / checkpoint_path(checkpoint_id))),
            *("--backbone", backbone, "--tune" if tune else "--no-tune", "--seed", str(seed)),
            *("--work", str(work)),
            *("--target-error", str(settings.tolerated_error), "--unknown-share", str(ASSUMED_UNKNOWN_SHARE)),
            *("--report", str(report_folder(settings, checkpoint_id))),
            aside=aside,
        )
        release_id = run(lambda: _build(settings, inputs, checkpoint_id, made_by))
        passed = judge_release(settings, release_id, export=export, seed=seed, aside=aside)
    release = run(lambda: _promote(settings, release_id, wished=promote, promoted_by=made_by))
    return TrainedRelease(release, page_in(report_folder(settings, checkpoint_id)), passed)


async def _load(settings: Settings) -> BuildInputs:
    async with open_database(settings) as database:
        return await building.load_inputs(database)


@contextmanager
def _exported(settings: Settings, inputs: BuildInputs, checkpoint_id: str) -> Iterator[tuple[Path, str]]:
    """The export's folder and digest. It is taken away in the end: it holds the customers' words, and nothing keeps these
    but the database."""
    from retrieval.training_export import write_training_export

    make_private_folder(settings.data_dir)
    sweep_exports(settings.data_dir / "training", older_than=LONGEST_RUN)
    export = settings.data_dir / "training" / checkpoint_id
    try:
        manifest = write_training_export(
            export,
            knowledge=inputs.knowledge,
            out_of_scope=inputs.out_of_scope,
            sources=inputs.sources,
            conversations=inputs.conversations,
            meta={"revision": inputs.revision},
        )
        yield export, manifest.digest
    finally:
        shutil.rmtree(export, ignore_errors=True)


async def _build(settings: Settings, inputs: BuildInputs, checkpoint_id: str, made_by: str) -> str:
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
    return parts.release.id


async def _promote(settings: Settings, release_id: str, *, wished: bool, promoted_by: str) -> ReleaseDetails:
    async with open_database(settings) as database, database.write() as session:
        await service.promote_if_passed(session, release_id, settings, wished=wished, promoted_by=promoted_by)
        return await service.show(session, release_id, data_dir=settings.data_dir)


def sweep_exports(folder: Path, *, older_than: timedelta) -> None:
    """Takes away what killed runs have left behind."""
    before = time.time() - older_than.total_seconds()
    for left in folder.iterdir() if folder.is_dir() else ():
        if left.stat().st_mtime < before:
            left.unlink() if left.is_file() else shutil.rmtree(left, ignore_errors=True)
