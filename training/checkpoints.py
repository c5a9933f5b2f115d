"""From an export to a checkpoint: the one way in which `kefu train` and the benchmarks make what serves."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.artifacts import Manifest
from retrieval.checkpoint import write_checkpoint
from retrieval.confidence import fit_examples
from retrieval.encoder import OnnxEncoder
from retrieval.records import Knowledge
from retrieval.training_export import TrainingExport
from training.errors import TrainingError
from training.fitting import Fitted, fit

if TYPE_CHECKING:
    from training.backbones import Backbone

Progress = Callable[[str, int, int], None]

# Below that many questions, tuning gains a point of accuracy at most and takes minutes: docs/recipe.md.
LEAST_QUESTIONS_TO_TUNE = 4000


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """`tune` False leaves the encoder as it is and trains the head alone."""

    target_error: float
    unknown_share: float
    seed: int = 0
    tune: bool = True


def backbone_to_tune(name: str, knowledge: Knowledge, *, tune: bool = True) -> Backbone | None:
    """The torch model, where tuning is wanted and worth it."""
    if not tune or len(knowledge.questions) < LEAST_QUESTIONS_TO_TUNE:
        return None
    from training.backbones import load_backbone

    return load_backbone(name)


def train_checkpoint(
    export: TrainingExport,
    target: Path,
    *,
    encoder_folder: Path,
    settings: TrainSettings,
    progress: Progress | None = None,
) -> Manifest:
    """Trains on the export and writes the checkpoint folder `target`; the same export and seed give the same bytes.

    Raises:
        TrainingError: the export has no question.
        ArtifactError: the encoder folder is damaged, or `target` exists or cannot be written.
    """
    if not export.knowledge.questions:
        raise TrainingError(
            "The export has no approved question to learn from; import some with --approve first"
        )
    encoder = OnnxEncoder.load(encoder_folder, threads=os.cpu_count() or 1)
    backbone = backbone_to_tune(encoder.name, export.knowledge, tune=settings.tune)
    fitted = fit(
        encoder,
        export.knowledge,
        backbone=backbone,
        out_of_scope=export.out_of_scope,
        sources=export.sources,
        seed=settings.seed,
        progress=progress,
    )
    confidence = fit_examples(
        fitted.examples,
        target_error=settings.target_error,
        unknown_share=settings.unknown_share,
        seed=settings.seed,
    )
    with tempfile.TemporaryDirectory(prefix="kefu-") as workspace:
        folder = served_encoder(encoder_folder, backbone, fitted, Path(workspace))
        return write_checkpoint(
            target,
            encoder_folder=folder,
            confidence=confidence,
            head=fitted.head,
            meta={
                "backbone": encoder.name,
                "export": export.digest,
                "seed": settings.seed,
                "tuned": fitted.top is not None,
                "headed": fitted.head is not None,
                "questions": len(export.knowledge.questions),
                "losses": [round(loss, 4) for loss in fitted.top.losses] if fitted.top else [],
            },
        )


def served_encoder(folder: Path, backbone: Backbone | None, fitted: Fitted, workspace: Path) -> Path:
    """The encoder folder that goes with what was fitted: `folder` itself, or a tuned one made in `workspace`."""
    if backbone is None or fitted.top is None:
        return folder
    from training.onnx_export import export_encoder

    target = workspace / "encoder"
    export_encoder(backbone, target, top=fitted.top.layers)
    return target
