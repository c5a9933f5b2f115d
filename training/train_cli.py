"""``python -m training train``: an export in, a checkpoint out; what ``kefu train`` runs as a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from training.benchmark_cli import UnknownShare, errors, errors_told, stated_share, warned
from training.limits import Background, Memory, ProgressPath, keep_limits, memory_told
from training.models_cli import ModelsDir, default_models_dir
from training.progress_file import ProgressFile
from training.report_cli import ReportFolder, check_report_folder, save_report

console = Console(soft_wrap=True)


@dataclass(frozen=True, slots=True)
class TrainingBars:
    """A bar for each stage, with loss and time left; what a mock installation answers rightly is printed for good."""

    bars: Progress
    stages: dict[str, TaskID] = field(default_factory=dict)

    def stepped(self, stage: str, done: int, total: int) -> None:
        if stage not in self.stages:
            self.stages[stage] = self.bars.add_task(stage, total=total, loss="")
        self.bars.update(self.stages[stage], completed=done, total=total)

    def measured(self, stage: str, metric: str, value: float) -> None:
        from training.school import LOSS

        if metric == LOSS:
            self.bars.update(self.stages[stage], loss=f"loss {value:.3f}")
        else:
            self.bars.console.print(f"{stage}: {value:.1%} of the held-out questions right first")


@contextmanager
def shown_training(progress: Path | None = None) -> Iterator[TrainingBars | ProgressFile]:
    """On the terminal's error stream, or in a file."""
    if progress is not None:
        yield ProgressFile(progress, lambda text: console.print(text, markup=False, highlight=False))
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[loss]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=True) as bars:
        yield TrainingBars(bars)


def train(
    *,
    export: Annotated[Path, typer.Option(help="Folder that kefu train wrote.")],
    target: Annotated[Path, typer.Option(help="Checkpoint folder to make.")],
    backbone: Annotated[str, typer.Option(help="Backbone's name or folder.")],
    target_error: Annotated[float, typer.Option(help="Tolerated share of wrong answers.")] = 0.10,
    unknown_share: UnknownShare = "auto",
    tune: Annotated[
        bool, typer.Option(help="Train the encoder's upper layers, where it is worth it.")
    ] = True,
    fence: Annotated[bool, typer.Option(help="Keep questions back, for the gate to ask.")] = True,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    report: ReportFolder = None,
    work: Annotated[
        Path | None, typer.Option(help="Folder to go on from after a kill; deleted when done.")
    ] = None,
    progress: ProgressPath = None,
    memory: Memory = None,
    background: Background = False,
    models_dir: ModelsDir = default_models_dir(),
) -> None:
    """Train a checkpoint."""
    keep_limits(memory=memory, background=background)
    with errors_told(), memory_told(memory, tuning=tune), shown_training(progress) as shown:
        from retrieval.models import find_model
        from retrieval.training_export import read_training_export
        from training.checkpoints import TrainSettings, train_checkpoint

        check_report_folder(report)
        read = read_training_export(export)
        trained = train_checkpoint(
            read,
            target,
            encoder_folder=find_model(backbone, models_dir=models_dir),
            settings=TrainSettings(target_error, stated_share(unknown_share), seed, tune, fence),
            work=work,
            warn=warned,
            progress=shown.stepped,
            measured=shown.measured,
        )
    meta = trained.manifest.meta
    made = (
        "encoder tuned, intent head"
        if meta["tuned"]
        else "intent head"
        if meta["headed"]
        else "no intent head"
    )
    console.print(f"Checkpoint of {meta['questions']} questions ({made}) in {target}")
    share = meta["unknown_share"]
    console.print(f"Share of messages that nothing answers: {share['share']:.2f} ({share['basis']})")
    if trained.fence.withheld:
        console.print(f"{len(trained.fence.withheld)} questions were kept back for the gate to ask.")
    save_report(
        report,
        trained.fitted,
        trained.confidence,
        read.knowledge,
        name=target.name,
        backbone=meta["backbone"],
        seed=seed,
    )
