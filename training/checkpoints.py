"""From an export to a checkpoint: the one way in which `kefu train` and the benchmarks make what serves."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.artifacts import JsonValue, Manifest
from retrieval.candidates import Retrieved
from retrieval.checkpoint import write_checkpoint
from retrieval.confidence import ConfidenceModel, fit_examples
from retrieval.encoder import OnnxEncoder
from retrieval.engine import Engine
from retrieval.errors import ArtifactError
from retrieval.records import Knowledge, Language
from retrieval.retriever import Retriever
from retrieval.traffic import Traffic
from retrieval.training_export import TrainingExport
from retrieval.unknown_share import ASSUMED_UNKNOWN_SHARE
from training.errors import TrainingError
from training.fence import NO_FENCE, Fence, draw_fence, taught_part
from training.fitting import Fitted, fit
from training.memory import available_memory, needed_to_tune
from training.school import Measured
from training.surroundings import judge_of, levelled, newest_question, sampled
from training.traffic_share import estimate_share
from training.work_folder import Warn, WorkFolder

if TYPE_CHECKING:
    from training.backbones import Backbone

Progress = Callable[[str, int, int], None]

STATED, ESTIMATED, ASSUMED = "stated", "estimated", "assumed"  # what the share of unknown questions rests on

# Below that many questions, tuning gains a point of accuracy at most and takes minutes: docs/recipe.md.
LEAST_QUESTIONS_TO_TUNE = 4000


@dataclass(frozen=True, slots=True)
class Trained:
    """The checkpoint that was written, what it was made of, and what was kept from it."""

    manifest: Manifest
    fitted: Fitted
    confidence: ConfidenceModel
    fence: Fence


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """`unknown_share` None is what the export's unlabelled messages tell, or ASSUMED_UNKNOWN_SHARE where they don't.

    `tune` False leaves the encoder as it is and trains the head alone; `fence` keeps questions for the gate.
    """

    target_error: float
    unknown_share: float | None
    seed: int = 0
    tune: bool = True
    fence: bool = False


def _unheard(warning: str) -> None:
    """For callers that want no warnings."""


def backbone_to_tune(
    name: str, knowledge: Knowledge, *, tune: bool = True, warn: Warn = _unheard
) -> Backbone | None:
    """The torch model, where tuning is wanted, worth it, and fits into memory."""
    count = len(knowledge.questions)
    if not tune or count < LEAST_QUESTIONS_TO_TUNE:
        return None
    needed, available = needed_to_tune(name, questions=count), available_memory()
    if available is not None and available < needed:
        warn(
            f"Tuning on {count} questions needs {needed / 1e9:.1f} GB of memory and {available / 1e9:.1f} GB are "
            "available: the head alone is trained. Free some memory and train again to tune."
        )
        return None
    from training.backbones import load_backbone

    return load_backbone(name)


def train_checkpoint(
    export: TrainingExport,
    target: Path,
    *,
    encoder_folder: Path,
    settings: TrainSettings,
    work: Path | None = None,
    warn: Warn = _unheard,
    progress: Progress | None = None,
    measured: Measured | None = None,
) -> Trained:
    """Trains on the export and writes the checkpoint folder `target`; the same export, encoder and settings give the same bytes.

    What was asked for stands in its manifest ("export", "seed" and "asked"): whoever finds it can tell whether it is what they want.

    Args:
        work: folder in which a run that is killed leaves what it has; the next one of the same inputs goes on from there.

    Raises:
        TrainingError: the export has no question.
        ArtifactError: the encoder folder is damaged, or `target` exists or cannot be written.
    """
    if not export.knowledge.questions:
        raise TrainingError(
            "The export has no approved question to learn from; import some with --approve first"
        )
    if target.exists():
        raise ArtifactError(
            target, "exists already", remedy="Choose a new folder name; no checkpoint is overwritten."
        )
    encoder = OnnxEncoder.load(encoder_folder, threads=os.cpu_count() or 1)
    fence = draw_fence(export) if settings.fence else NO_FENCE
    taught = taught_part(export, fence)
    backbone = backbone_to_tune(encoder.name, taught.knowledge, tune=settings.tune, warn=warn)
    with _kept(work, identity=_identity(export, encoder, backbone, settings), warn=warn) as kept:
        fitted = fit(
            encoder,
            taught.knowledge,
            backbone=backbone,
            out_of_scope=export.out_of_scope,
            traffic=sampled(export.traffic, seed=settings.seed),
            sources=export.sources,
            trust=export.trust,
            seed=settings.seed,
            work=kept,
            progress=progress,
            measured=measured,
        )
        return _written(taught, target, encoder_folder, backbone, fitted, settings, fence)


def _written(
    export: TrainingExport,
    target: Path,
    encoder_folder: Path,
    backbone: Backbone | None,
    fitted: Fitted,
    settings: TrainSettings,
    fence: Fence,
) -> Trained:
    with tempfile.TemporaryDirectory(prefix="kefu-") as workspace:
        folder = served_encoder(encoder_folder, backbone, fitted, Path(workspace))
        messages = sampled(export.traffic, seed=settings.seed)
        asked = _asked(fitted, folder, messages)
        newest = newest_question(fitted.retriever.view)
        traffic = Traffic.of(asked, fitted.judge, newest_question=newest) if fitted.judge else None
        said = Counter(export.traffic)
        share, basis = _unknown_share(fitted, asked, [said[message] for message in messages], settings)
        confidence = _confidence(fitted, asked, traffic, settings, share)
        manifest = write_checkpoint(
            target,
            encoder_folder=folder,
            confidence=confidence,
            head=fitted.head,
            traffic=traffic,
            meta={
                "backbone": fitted.retriever.encoder.name,
                "export": export.digest,
                "seed": settings.seed,
                "asked": {
                    "encoder": fitted.retriever.encoder.fingerprint,
                    "tune": settings.tune,
                    "target_error": settings.target_error,
                    "unknown_share": settings.unknown_share,
                },
                "tuned": fitted.top is not None,
                "headed": fitted.head is not None,
                "questions": len(export.knowledge.questions),
                "fence": fence.to_json(),
                "label_issues": len(fitted.label_issues),
                "traffic": 0 if traffic is None else len(traffic.vectors),
                "unknown_share": {"share": round(share, 4), "basis": basis},
                "losses": [round(loss, 4) for loss in fitted.top.losses] if fitted.top else [],
            },
        )
    return Trained(manifest, fitted, confidence, fence)


def _asked(
    fitted: Fitted, encoder_folder: Path, messages: Sequence[tuple[str, Language]]
) -> Sequence[Retrieved]:
    """What the whole installation finds for the messages before it knows them as traffic."""
    if not messages:
        return ()
    retriever = fitted.retriever
    if fitted.top is not None:
        tuned = OnnxEncoder.load(encoder_folder, threads=os.cpu_count() or 1)
        retriever = Retriever(tuned, retriever.view)
    judge = fitted.judge or judge_of(fitted.examples)
    return Engine(retriever, judge, fitted.head).retrieve_all(messages)


def _unknown_share(
    fitted: Fitted, asked: Sequence[Retrieved], times: Sequence[int], settings: TrainSettings
) -> tuple[float, str]:
    """And whether it was STATED, ESTIMATED from the messages, or ASSUMED."""
    if settings.unknown_share is not None:
        return settings.unknown_share, STATED
    estimate = estimate_share(fitted, asked, times=times)
    return (ASSUMED_UNKNOWN_SHARE, ASSUMED) if estimate is None else (estimate, ESTIMATED)


def _confidence(
    fitted: Fitted,
    asked: Sequence[Retrieved],
    traffic: Traffic | None,
    settings: TrainSettings,
    unknown_share: float,
) -> ConfidenceModel:
    model = fit_examples(
        fitted.examples,
        target_error=settings.target_error,
        unknown_share=unknown_share,
        seed=settings.seed,
    )
    if traffic is None:
        return model
    return levelled(model, traffic.surround(asked, model.fusion), labelled=fitted.out_of_scope)


@contextmanager
def _kept(path: Path | None, *, identity: Mapping[str, JsonValue], warn: Warn) -> Iterator[WorkFolder | None]:
    """The work folder; it goes when all went well and stays when not."""
    work = WorkFolder.open(path, identity=identity, warn=warn) if path is not None else None
    if work is None:
        yield None
        return
    try:
        yield work
    except BaseException:
        work.close()
        raise
    work.remove()


def _identity(
    export: TrainingExport, encoder: OnnxEncoder, backbone: Backbone | None, settings: TrainSettings
) -> Mapping[str, JsonValue]:
    """Whatever changes a byte of what is kept."""
    return {
        "export": export.digest,
        "encoder": encoder.fingerprint,
        "seed": settings.seed,
        "tuned": backbone is not None,
        "fenced": settings.fence,
        "versions": {name: version(name) for name in ("kefu", "torch", "numpy")},
    }


def served_encoder(folder: Path, backbone: Backbone | None, fitted: Fitted, workspace: Path) -> Path:
    """The encoder folder that goes with what was fitted: `folder` itself, or a tuned one made in `workspace`."""
    if backbone is None or fitted.top is None:
        return folder
    from training.onnx_export import export_encoder

    target = workspace / "encoder"
    export_encoder(backbone, target, top=fitted.top.layers)
    return target
