"""Makes releases: of the untuned backbone, with the confidence fitted on the company's own questions, or of a trained
checkpoint; either with an index snapshot of all approved knowledge."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.db.base import new_id, now
from bot.db.engine import Database
from bot.db.release_tables import Checkpoint, IndexSnapshot, Release
from bot.errors import NothingToServeError
from bot.knowledge.index_feed import load_knowledge, load_out_of_scope, load_question_sources
from bot.private_files import make_private_folder
from bot.releases import repository
from bot.releases.repository import ReleaseParts
from bot.review.audits import traffic_unknown_share
from bot.settings import Settings
from retrieval.artifacts import Manifest
from retrieval.records import Knowledge

if TYPE_CHECKING:
    from retrieval.confidence import ConfidenceModel
    from retrieval.encoder import Encoder
    from retrieval.retriever import Retriever

REBUILD = "run: kefu train; where only this release is damaged also kefu releases rollback, or kefu restore BACKUP --replace"
"""What helps where the promoted release can't be loaded."""
TRAFFIC_WINDOW, MOST_TRAFFIC = timedelta(days=90), 4000
"""What customers asked last, for training to learn how much their neighbours tell (`retrieval.traffic`)."""

Progress = Callable[[str, int, int], None]
"""Called with the stage ("encode", "calibrate"), steps done and steps in all."""


@dataclass(frozen=True)
class BuildInputs:
    """`sources` and `conversations` are those of the questions, by number; `traffic` is (utterance, language).

    `audited_share` is the share of unknown messages in the traffic, None unless audits tell it. `serving_snapshot` is the path below the data
    dir of the index snapshot that serves now.
    """

    revision: int
    knowledge: Knowledge
    out_of_scope: tuple[tuple[str, str], ...]
    sources: Mapping[int, str]
    conversations: Mapping[int, str]
    audited_share: float | None
    traffic: tuple[tuple[str, str], ...] = ()
    serving_snapshot: str | None = None


async def build_release(
    database: Database, settings: Settings, *, created_by: str, progress: Progress | None = None
) -> ReleaseParts:
    """A candidate release of the untuned backbone from what is approved now.

    Raises:
        NothingToServeError: nothing is approved yet.
        ModelNotFoundError: the backbone is not on this machine.
    """
    inputs = await load_inputs(database)
    parts = await asyncio.to_thread(_build_untuned, settings, inputs, created_by, progress)
    async with database.write() as session:
        await repository.add(session, parts)
    return parts


def parts_of_checkpoint(
    settings: Settings,
    inputs: BuildInputs,
    *,
    checkpoint_id: str,
    snapshot_id: str,
    created_by: str,
    progress: Progress | None = None,
) -> ReleaseParts:
    """Builds the snapshot of a checkpoint that was just trained on `inputs`; the rows of both are left to the caller.

    Raises:
        ArtifactError: the checkpoint's folder is missing or damaged.
    """
    from retrieval.checkpoint import Checkpoint as LoadedCheckpoint

    loaded = LoadedCheckpoint.load(
        settings.data_dir / checkpoint_path(checkpoint_id), threads=os.cpu_count() or 1
    )
    retriever = _indexed(settings, inputs, loaded.encoder, progress)
    ids = (checkpoint_id, snapshot_id)
    return _parts(settings, inputs, retriever, ids, loaded.manifest, loaded.confidence, created_by)


async def load_inputs(database: Database) -> BuildInputs:
    """What is approved now; raises NothingToServeError when that is nothing."""
    async with database.read() as session:
        revision, knowledge = await load_knowledge(session)
        _, serving = await repository.promoted(session)
        inputs = BuildInputs(
            revision,
            knowledge,
            await load_out_of_scope(session),
            await load_question_sources(session),
            await repository.question_conversations(session),
            await traffic_unknown_share(session, at=now()),
            await repository.recent_messages(session, since=now() - TRAFFIC_WINDOW, most=MOST_TRAFFIC),
            serving.snapshot.path if serving else None,
        )
    if not inputs.knowledge.questions:
        raise NothingToServeError("no approved answer with a question yet; import some with --approve first")
    return inputs


def models_dir(settings: Settings) -> Path:
    if settings.models_dir is not None:
        return settings.models_dir
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "kefu" / "models"


def checkpoint_path(checkpoint_id: str) -> str:
    """Below the data dir."""
    return f"checkpoints/{checkpoint_id}"


def snapshot_path(snapshot_id: str) -> str:
    """Below the data dir."""
    return f"snapshots/{snapshot_id}"


def encodings_beside(snapshot: Path) -> Path:
    """Folder of what workers have encoded since the snapshot was built; it goes with it."""
    return snapshot.with_name(f"{snapshot.name}.later")


def _reported(progress: Progress | None, stage: str) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, total: progress(stage, done, total)


def _build_untuned(
    settings: Settings, inputs: BuildInputs, created_by: str, progress: Progress | None
) -> ReleaseParts:
    from retrieval.checkpoint import write_checkpoint
    from retrieval.confidence import fit_confidence
    from retrieval.encoder import OnnxEncoder
    from retrieval.models import find_model
    from retrieval.unknown_share import ASSUMED_UNKNOWN_SHARE

    folder = find_model(settings.backbone, models_dir=models_dir(settings))
    encoder = OnnxEncoder.load(folder, threads=os.cpu_count() or 1)
    retriever = _indexed(settings, inputs, encoder, progress)
    confidence = fit_confidence(
        retriever,
        target_error=settings.tolerated_error,
        unknown_share=ASSUMED_UNKNOWN_SHARE if inputs.audited_share is None else inputs.audited_share,
        out_of_scope=inputs.out_of_scope,
        progress=_reported(progress, "calibrate"),
    )
    make_private_folder(settings.data_dir)
    checkpoint_id = new_id("chk")
    manifest = write_checkpoint(
        settings.data_dir / checkpoint_path(checkpoint_id),
        encoder_folder=folder,
        confidence=confidence,
        meta={"backbone": encoder.name, "tuned": False},
    )
    ids = (checkpoint_id, new_id("snp"))
    return _parts(settings, inputs, retriever, ids, manifest, confidence, created_by)


def _indexed(
    settings: Settings, inputs: BuildInputs, encoder: Encoder, progress: Progress | None
) -> Retriever:
    """Sections of documents that the serving release has encoded, or its workers since, are not encoded again."""
    from retrieval.kept_encodings import encoded_before
    from retrieval.retriever import Retriever

    encoded = None
    if inputs.knowledge.sections and inputs.serving_snapshot:
        snapshot = settings.data_dir / inputs.serving_snapshot
        encoded = encoded_before(
            snapshot, later=encodings_beside(snapshot), encoder=encoder, records=inputs.knowledge.sections
        )
    return Retriever.build(encoder, inputs.knowledge, encoded=encoded, progress=_reported(progress, "encode"))


def _parts(
    settings: Settings,
    inputs: BuildInputs,
    retriever: Retriever,
    ids: tuple[str, str],
    manifest: Manifest,
    confidence: ConfidenceModel,
    created_by: str,
) -> ReleaseParts:
    """Saves the index snapshot; the rows that name both folders. ``ids`` are the checkpoint's and the snapshot's."""
    checkpoint_id, snapshot_id = ids
    path = snapshot_path(snapshot_id)
    snapshot = retriever.save(settings.data_dir / path, meta={"revision": inputs.revision})
    knowledge = inputs.knowledge
    counts = {
        "questions": len(knowledge.questions),
        "passages": len(knowledge.passages),
        "sections": len(knowledge.sections),
    }
    return ReleaseParts(
        Release(
            id=new_id("rel"), checkpoint_id=checkpoint_id, snapshot_id=snapshot_id, created_by=created_by
        ),
        Checkpoint(
            id=checkpoint_id,
            path=checkpoint_path(checkpoint_id),
            digest=manifest.digest,
            summary={
                "backbone": manifest.meta["backbone"],
                "tuned": bool(manifest.meta["tuned"]),
                "target_error": confidence.target_error,
            },
        ),
        IndexSnapshot(
            id=snapshot_id,
            checkpoint_id=checkpoint_id,
            path=path,
            digest=snapshot.digest,
            revision=inputs.revision,
            summary=counts,
        ),
    )
