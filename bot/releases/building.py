"""Makes a release without training: the untuned backbone, confidence fitted on the company's own questions,
and an index snapshot of all approved knowledge."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.db.base import new_id
from bot.db.engine import Database
from bot.db.release_tables import Checkpoint, IndexSnapshot, Release
from bot.errors import NothingToServeError
from bot.knowledge.index_feed import load_knowledge, load_out_of_scope
from bot.private_files import make_private_folder
from bot.releases import repository
from bot.releases.repository import ReleaseParts
from bot.settings import Settings
from retrieval.records import Knowledge

ASSUMED_UNKNOWN_SHARE = 0.2
"""Share of messages that no answer covers, while no traffic tells; see docs/decisions/0005."""

Progress = Callable[[str, int, int], None]
"""Called with the stage ("encode", "calibrate"), steps done and steps in all."""


@dataclass(frozen=True)
class BuildInputs:
    revision: int
    knowledge: Knowledge
    out_of_scope: tuple[tuple[str, str], ...]


async def build_release(
    database: Database, settings: Settings, *, created_by: str, progress: Progress | None = None
) -> ReleaseParts:
    """A candidate release from what is approved now.

    Raises:
        NothingToServeError: nothing is approved yet.
        ModelNotFoundError: the backbone is not on this machine.
    """
    async with database.read() as session:
        revision, knowledge = await load_knowledge(session)
        inputs = BuildInputs(revision, knowledge, await load_out_of_scope(session))
    if not inputs.knowledge.questions:
        raise NothingToServeError("no approved answer with a question yet; import some with --approve first")
    parts = await asyncio.to_thread(_build_folders, settings, inputs, created_by, progress)
    async with database.write() as session:
        await repository.add(session, parts)
    return parts


def models_dir(settings: Settings) -> Path:
    if settings.models_dir is not None:
        return settings.models_dir
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "kefu" / "models"


def _build_folders(
    settings: Settings, inputs: BuildInputs, created_by: str, progress: Progress | None
) -> ReleaseParts:
    from retrieval.checkpoint import write_checkpoint
    from retrieval.confidence import fit_confidence
    from retrieval.encoder import OnnxEncoder
    from retrieval.models import find_model
    from retrieval.retriever import Retriever

    def report(stage: str) -> Callable[[int, int], None]:
        return lambda done, total: progress(stage, done, total) if progress else None

    folder = find_model(settings.backbone, models_dir=models_dir(settings))
    encoder = OnnxEncoder.load(folder, threads=os.cpu_count() or 1)
    retriever = Retriever.build(encoder, inputs.knowledge, progress=report("encode"))
    confidence = fit_confidence(
        retriever,
        target_error=settings.tolerated_error,
        unknown_share=ASSUMED_UNKNOWN_SHARE,
        out_of_scope=inputs.out_of_scope,
        progress=report("calibrate"),
    )
    make_private_folder(settings.data_dir)
    checkpoint_id, snapshot_id = new_id("chk"), new_id("snp")
    paths = {"checkpoint": f"checkpoints/{checkpoint_id}", "snapshot": f"snapshots/{snapshot_id}"}
    checkpoint = write_checkpoint(
        settings.data_dir / paths["checkpoint"], encoder_folder=folder, confidence=confidence, meta={}
    )
    snapshot = retriever.save(settings.data_dir / paths["snapshot"], meta={"revision": inputs.revision})
    counts = {"questions": len(inputs.knowledge.questions), "passages": len(inputs.knowledge.passages)}
    return ReleaseParts(
        Release(
            id=new_id("rel"), checkpoint_id=checkpoint_id, snapshot_id=snapshot_id, created_by=created_by
        ),
        Checkpoint(
            id=checkpoint_id,
            path=paths["checkpoint"],
            digest=checkpoint.digest,
            summary={"backbone": encoder.name, "tuned": False},
        ),
        IndexSnapshot(
            id=snapshot_id,
            checkpoint_id=checkpoint_id,
            path=paths["snapshot"],
            digest=snapshot.digest,
            revision=inputs.revision,
            summary=counts,
        ),
    )
