"""``python -m training benchmark``: answer a company's own files, and measure on labelled sets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from retrieval.errors import RetrievalError
from retrieval.models import choose_backbone, find_model
from training.errors import EvaluationError, GateInputError, TrainingError
from training.models_cli import ModelsDir, default_models_dir
from training.report_cli import ReportFolder, check_report_folder, save_report

if TYPE_CHECKING:
    from retrieval.encoder import Encoder
    from training.evaluation.inputs import TrainingData
    from training.evaluation.pipeline import FitSettings, Progress, Trial

BAD_INPUT = 2
FAILED = 1

app = typer.Typer(no_args_is_help=True, help="Answer your own files; measure on labelled sets.")
console = Console(soft_wrap=True)
errors = Console(stderr=True, soft_wrap=True)

Tune = Annotated[bool, typer.Option(help="Train the encoder's upper layers, where there is enough to learn.")]
TargetError = Annotated[float, typer.Option(help="Tolerated share of wrong among the answered.")]
UnknownShare = Annotated[
    str,
    typer.Option(help="Share of messages that nothing answers: auto (estimated from the texts) or a number."),
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of everything random.")]
Backbone = Annotated[str, typer.Option(help="auto, english, multilingual, a backbone's name or a folder.")]


@app.command()
def intents(
    *,
    train: Annotated[Path, typer.Option(help="CSV with the columns text,intent (intent oos: out of scope).")],
    test: Annotated[Path, typer.Option(help="CSV with the column text.")],
    predictions: Annotated[Path, typer.Option(help="CSV to write: text,intent,confidence,outcome.")],
    target_error: TargetError = 0.10,
    unknown_share: UnknownShare = "auto",
    seed: Seed = 0,
    backbone: Backbone = "auto",
    tune: Tune = True,
    models_dir: ModelsDir = default_models_dir(),
    report: ReportFolder = None,
) -> None:
    """Learn intents from labelled messages and predict those of others."""
    from training.evaluation.inputs import intents_data, read_table
    from training.evaluation.predictions import check_target, write_intents

    with errors_told():
        settings = fit_settings(target_error, unknown_share, seed)
        check_target(predictions)
        check_report_folder(report)
        data = intents_data(train)
        texts = [row["text"] for row in read_table(test, columns=("text",))]
        trial = answer(data, texts, settings=settings, backbone=backbone, tune=tune, models_dir=models_dir)
        write_intents(predictions, texts, trial.replies)
    console.print(f"{len(texts)} predictions in {predictions}")
    _save_report(report, data, trial, name=train.name, seed=seed)


@app.command()
def faq(
    *,
    faq: Annotated[Path, typer.Option(help="CSV with the columns faq_id,question,answer.")],
    queries: Annotated[Path, typer.Option(help="CSV with the columns query_id,query.")],
    run: Annotated[Path, typer.Option(help="CSV to write: query_id,rank,faq_id,confidence,outcome.")],
    labels: Annotated[
        Path | None, typer.Option(help="CSV with the columns query_id,query,faq_id: further questions.")
    ] = None,
    target_error: TargetError = 0.10,
    unknown_share: UnknownShare = "auto",
    seed: Seed = 0,
    backbone: Backbone = "auto",
    tune: Tune = True,
    models_dir: ModelsDir = default_models_dir(),
    report: ReportFolder = None,
) -> None:
    """Find the answers of a FAQ for queries."""
    from training.evaluation.inputs import faq_data, read_table
    from training.evaluation.predictions import check_target, write_run

    with errors_told():
        settings = fit_settings(target_error, unknown_share, seed)
        check_target(run)
        check_report_folder(report)
        data = faq_data(faq, labels=labels)
        rows = read_table(queries, columns=("query_id", "query"))
        texts = [row["query"] for row in rows]
        trial = answer(data, texts, settings=settings, backbone=backbone, tune=tune, models_dir=models_dir)
        write_run(run, [row["query_id"] for row in rows], trial.replies)
    console.print(f"Answers to {len(texts)} queries in {run}")
    _save_report(report, data, trial, name=faq.name, seed=seed)


def _save_report(folder: Path | None, data: TrainingData, trial: Trial, *, name: str, seed: int) -> None:
    save_report(
        folder,
        trial.fitted,
        trial.engine.confidence,
        data.knowledge,
        name=name,
        backbone=trial.fitted.retriever.encoder.name,
        seed=seed,
    )


def answer(
    data: TrainingData,
    texts: Sequence[str],
    *,
    settings: FitSettings,
    backbone: str,
    tune: bool,
    models_dir: Path,
) -> Trial:
    """Fits, replies, and prints what that took."""
    from training.checkpoints import backbone_to_tune
    from training.evaluation.pipeline import Message, milliseconds_a_message, run_trial

    messages = [Message.of(text) for text in texts]
    with shown_progress() as progress:
        chosen = choose_backbone([*data.texts(), *texts], name=backbone, knowledge=data.knowledge)
        encoder = load_encoder(chosen, models_dir=models_dir, threads=cores())
        trial = run_trial(
            encoder,
            data.knowledge,
            messages,
            settings=settings,
            out_of_scope=data.out_of_scope,
            backbone=backbone_to_tune(chosen, data.knowledge, tune=tune, warn=warned),
            progress=progress,
        )
        serving = trial.serving_encoder or load_encoder(chosen, models_dir=models_dir, threads=1)
        each = milliseconds_a_message(trial.engine, messages, encoder=serving)
    source = (
        "estimated" if trial.share_is_estimated else "assumed" if settings.unknown_share is None else "given"
    )
    console.print(f"Backbone: {encoder.name}")
    console.print(f"Share of unknown questions: {trial.unknown_share:.2f} ({source})")
    console.print(f"Seconds to train: {trial.seconds_to_train:.1f}")
    console.print(f"Milliseconds a message: {each:.1f}")
    return trial


def load_encoder(backbone: str, *, models_dir: Path, threads: int) -> Encoder:
    """Raises ModelNotFoundError or ArtifactError."""
    from retrieval.encoder import OnnxEncoder

    return OnnxEncoder.load(find_model(backbone, models_dir=models_dir), threads=threads)


def cores() -> int:
    """Threads for work in bulk: as many as this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def fit_settings(target_error: float, unknown_share: str, seed: int) -> FitSettings:
    """Raises EvaluationError for a number out of its range."""
    from training.evaluation.pipeline import FitSettings

    if not 0 < target_error < 1:
        raise EvaluationError(f"--target-error {target_error} must lie between 0 and 1")
    return FitSettings(target_error=target_error, unknown_share=stated_share(unknown_share), seed=seed)


def stated_share(unknown_share: str) -> float | None:
    """None for "auto"; raises EvaluationError for what is no share."""
    if unknown_share == "auto":
        return None
    try:
        share = float(unknown_share)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise EvaluationError(f"--unknown-share {unknown_share} must be auto or a number from 0 to below 1")
    return share


@contextmanager
def errors_told() -> Iterator[None]:
    """Bad input ends with 2; a missing or damaged model, or a full disk, with 1; each with one line that says what to do."""
    try:
        yield
    except (EvaluationError, GateInputError) as error:
        errors.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(BAD_INPUT) from error
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        text = f"{place}{error.strerror or error}. Check free space and permissions, then try again."
        errors.print(text, style="red", markup=False, highlight=False)
        raise typer.Exit(FAILED) from error
    except (RetrievalError, TrainingError) as error:
        errors.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(FAILED) from error


def warned(text: str) -> None:
    """On the error stream, so that what a command prints stays as it is."""
    errors.print(text, style="yellow", markup=False, highlight=False)


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """A bar per stage on the terminal's error stream."""
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    stages: dict[str, TaskID] = {}
    with Bars(console=errors, transient=True) as bars:

        def report(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = bars.add_task(stage, total=total)
            bars.update(stages[stage], completed=done, total=total)

        yield report
