"""From what is approved now to a candidate: export, training in a child process (or the checkpoint that speaks, with
other cut-offs), index snapshot, verdict.

Nothing here writes a row that others would use: what it returns becomes a release in `outcome`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bot.db.engine import Database
from bot.db.training_tables import RunState
from bot.releases import building
from bot.releases.building import BuildInputs, checkpoint_path
from bot.releases.reports import report_folder
from bot.releases.repository import ReleaseParts
from bot.retraining import folders, repository
from bot.retraining.children import Children
from bot.retraining.claiming import Claim
from bot.retraining.judging import Candidate, Verdict, judged
from bot.retraining.lease import writing
from bot.retraining.recalibrating import traffic_judged, write_recalibrated
from bot.retraining.schemas import AUTO
from bot.retraining.taking_over import take_over
from bot.retraining.trust import trust_of
from bot.settings import Settings
from retrieval.artifacts import Manifest
from retrieval.knowledge_shape import is_led_by_texts

T = TypeVar("T")
Step = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Made:
    """Whole folders, the rows that would name them, and what was thought of them."""

    parts: ReleaseParts
    verdict: Verdict


async def make_candidate(
    database: Database, settings: Settings, claim: Claim, *, children: Children, step: Step
) -> Made:
    """Raises KefuError, RetrievalError or OSError; whatever it has made by then is left to the caller."""
    inputs = await _inputs(database, claim)
    export = folders.export_folder(settings, claim.checkpoint_id)
    manifest = await in_thread(lambda: _exported(export, inputs))
    if claim.options.recalibrate:
        source = await traffic_judged(database)
        await in_thread(lambda: write_recalibrated(settings, source, claim.checkpoint_id))
    else:
        await _train(settings, claim, inputs, manifest, export, children)
    parts = await in_thread(
        lambda: building.parts_of_checkpoint(
            settings,
            inputs,
            checkpoint_id=claim.checkpoint_id,
            snapshot_id=claim.snapshot_id,
            created_by=claim.requested_by,
            progress=step,
        )
    )
    async with writing(database, claim.lease) as session:
        run = await repository.get(session, claim.run_id)
        assert run is not None
        run.state = RunState.GATING
    verdict = await judged(
        Candidate(parts, export),
        database=database,
        settings=settings,
        children=children,
        seed=claim.options.seed,
    )
    return Made(parts, verdict)


async def _train(
    settings: Settings,
    claim: Claim,
    inputs: BuildInputs,
    manifest: Manifest,
    export: Path,
    children: Children,
) -> None:
    backbone = await _backbone(settings, claim, inputs, children)
    share = inputs.audited_share
    if not await in_thread(
        lambda: take_over(settings, claim, manifest, backbone=backbone, unknown_share=share)
    ):
        await children.run(*_training(settings, claim, inputs, manifest, export, backbone, children))


async def in_thread(work: Callable[[], T]) -> T:
    """As asyncio.to_thread, but once cancelled it waits for the thread: nothing is written behind our back."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # taken note of: the cancellation is what counts
        raise


async def _inputs(database: Database, claim: Claim) -> BuildInputs:
    """Notes what is learnt, so that labels which come later count for the next run."""
    async with database.read() as session:
        newest = await repository.newest_label(session)
    inputs = await building.load_inputs(database)
    async with writing(database, claim.lease) as session:
        run = await repository.get(session, claim.run_id)
        assert run is not None
        run.revision, run.newest_label = inputs.revision, newest
    return inputs


async def _backbone(settings: Settings, claim: Claim, inputs: BuildInputs, children: Children) -> str:
    """Of an installation in English alone the multilingual one, too, where texts lead to the answers."""
    if claim.options.backbone != AUTO:
        return claim.options.backbone
    chosen = "multilingual" if is_led_by_texts(inputs.knowledge) else settings.backbone
    await children.run("models", "get", chosen)
    return chosen


def _exported(export: Path, inputs: BuildInputs) -> Manifest:
    from retrieval.training_export import write_training_export

    return write_training_export(
        export,
        knowledge=inputs.knowledge,
        out_of_scope=inputs.out_of_scope,
        traffic=inputs.traffic,
        sources=inputs.sources,
        trust=trust_of(inputs.sources),
        conversations=inputs.conversations,
        meta={"revision": inputs.revision},
    )


def _training(
    settings: Settings,
    claim: Claim,
    inputs: BuildInputs,
    manifest: Manifest,
    export: Path,
    backbone: str,
    children: Children,
) -> tuple[str, ...]:
    """The arguments of ``python -m training``."""
    work = folders.work_folder(settings, export_digest=manifest.digest, seed=claim.options.seed)
    return (
        *("train", "--export", str(export)),
        *("--target", str(settings.data_dir / checkpoint_path(claim.checkpoint_id))),
        *("--backbone", backbone, "--tune" if claim.options.tune else "--no-tune"),
        *("--seed", str(claim.options.seed), "--work", str(work)),
        *("--target-error", str(settings.tolerated_error)),
        *("--unknown-share", "auto" if inputs.audited_share is None else str(inputs.audited_share)),
        *("--report", str(report_folder(settings, claim.checkpoint_id))),
        *children.limits(),
    )
