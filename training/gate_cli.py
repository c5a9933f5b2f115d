"""``python -m training gate``: may this release speak? Ends with 0 (passed), 3 (refused), 2 (bad input) or 1 (failed)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from retrieval.errors import RetrievalError
from training.benchmark_cli import errors_told, warned
from training.errors import GateInputError
from training.limits import Background, Memory, ProgressPath, keep_limits, memory_told
from training.models_cli import ModelsDir, default_models_dir
from training.progress_file import ProgressFile

if TYPE_CHECKING:
    from retrieval.training_export import TrainingExport
    from training.gate.folders import ReleaseFolders

REFUSED = 3

console = Console(soft_wrap=True)
errors = Console(stderr=True, soft_wrap=True)


def gate(
    *,
    candidate_checkpoint: Annotated[Path, typer.Option(help="Checkpoint folder of the release to judge.")],
    candidate_snapshot: Annotated[Path, typer.Option(help="Its index snapshot's folder.")],
    export: Annotated[Path, typer.Option(help="Training export that it was made of.")],
    report: Annotated[Path, typer.Option(help="Folder to make, with gate.json and gate.html.")],
    serving_checkpoint: Annotated[
        Path | None, typer.Option(help="Checkpoint of the release that serves now.")
    ] = None,
    serving_snapshot: Annotated[Path | None, typer.Option(help="Its index snapshot's folder.")] = None,
    replay: Annotated[
        Path | None, typer.Option(help="JSON Lines of logged messages, to list changed answers.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    progress: ProgressPath = None,
    memory: Memory = None,
    background: Background = False,
    models_dir: ModelsDir = default_models_dir(),
) -> None:
    """Judge a candidate release, alone and beside the one that serves."""
    from training.gate.folders import ReleaseFolders
    from training.gate.judging import judge_release
    from training.gate.replay import read_replay
    from training.gate.writing import PAGE_FILE, Judged, write_gate
    from training.report.writing import refuse_existing

    keep_limits(memory=memory, background=background)
    with errors_told(), memory_told(memory, who="The gate"):
        refuse_existing(report)
        folders = ReleaseFolders(candidate_checkpoint, candidate_snapshot)
        serving = _serving(serving_checkpoint, serving_snapshot)
        logged = read_replay(replay) if replay else ()
        read = _read(export)
        with _shown(progress) as told:
            judgement = judge_release(
                folders, serving, read, models_dir=models_dir, logged=logged, seed=seed, told=told
            )
        write_gate(report, judgement, Judged(folders, serving, read, seed))
    if judgement.not_compared:
        warned(judgement.not_compared)
    for check in judgement.checks:
        if not check.passed:
            errors.print(f"{check.name}: {check.reason}", style="red", markup=False, highlight=False)
    said = "The gate lets it pass" if judgement.passed else "The gate refuses it"
    console.print(f"{said}: {report / PAGE_FILE}", markup=False, highlight=False)
    if not judgement.passed:
        raise typer.Exit(REFUSED)


@contextmanager
def _shown(progress: Path | None) -> Iterator[Callable[[str], None]]:
    """What it does, on the terminal or in a file."""
    if progress is not None:
        file = ProgressFile(progress, lambda text: console.print(text, markup=False, highlight=False))
        yield lambda stage: file.stepped(f"gate: {stage}", 0, 1)
        return
    with errors.status("gate") as status:
        yield lambda stage: status.update(f"gate: {stage}")


def _read(export: Path) -> TrainingExport:
    from retrieval.training_export import read_training_export

    try:
        return read_training_export(export)
    except RetrievalError as error:
        raise GateInputError(str(error)) from error


def _serving(checkpoint: Path | None, snapshot: Path | None) -> ReleaseFolders | None:
    from training.gate.folders import ReleaseFolders

    if checkpoint is not None and snapshot is not None:
        return ReleaseFolders(checkpoint, snapshot)
    if checkpoint is None and snapshot is None:
        return None
    raise GateInputError(
        "A serving release has two folders: give --serving-checkpoint and --serving-snapshot"
    )
