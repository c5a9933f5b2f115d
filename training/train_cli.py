"""``python -m training train``: an export in, a checkpoint out; what ``kefu train`` runs as a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from training.benchmark_cli import errors_told, shown_progress
from training.models_cli import ModelsDir, default_models_dir

console = Console(soft_wrap=True)


def train(
    *,
    export: Annotated[Path, typer.Option(help="Folder that kefu train wrote.")],
    target: Annotated[Path, typer.Option(help="Checkpoint folder to make.")],
    backbone: Annotated[str, typer.Option(help="Backbone's name or folder.")],
    target_error: Annotated[float, typer.Option(help="Tolerated share of wrong answers.")] = 0.10,
    unknown_share: Annotated[float, typer.Option(help="Expected share of unknown questions.")] = 0.5,
    tune: Annotated[
        bool, typer.Option(help="Train the encoder's upper layers, where it is worth it.")
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    models_dir: ModelsDir = default_models_dir(),
) -> None:
    """Train a checkpoint."""
    from retrieval.models import find_model
    from retrieval.training_export import read_training_export
    from training.checkpoints import TrainSettings, train_checkpoint

    with errors_told(), shown_progress() as progress:
        manifest = train_checkpoint(
            read_training_export(export),
            target,
            encoder_folder=find_model(backbone, models_dir=models_dir),
            settings=TrainSettings(target_error, unknown_share, seed, tune),
            progress=progress,
        )
    meta = manifest.meta
    made = (
        "encoder tuned, intent head"
        if meta["tuned"]
        else "intent head"
        if meta["headed"]
        else "no intent head"
    )
    console.print(f"Checkpoint of {meta['questions']} questions ({made}) in {target}")
