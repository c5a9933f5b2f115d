"""``python -m training benchmark all|demo|report``: labelled sets, their record and the page made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from retrieval.models import choose_backbone
from training.benchmark_cli import (
    Backbone,
    TargetError,
    Tune,
    cores,
    errors_told,
    fit_settings,
    load_encoder,
    shown_progress,
)
from training.errors import EvaluationError
from training.models_cli import ModelsDir, default_models_dir

if TYPE_CHECKING:
    from training.evaluation.records import Measurement
    from training.evaluation.sets import LabelledSet

RECORD, PAGE = "benchmarks.jsonl", "benchmarks.md"

console = Console(soft_wrap=True)

Docs = Annotated[Path, typer.Option(help=f"Folder with {RECORD} and {PAGE}.")]
Demo = Annotated[Path, typer.Option(help="Folder of the demo company: faq.jsonl, test_questions.jsonl.")]


def register(app: typer.Typer) -> None:
    app.command("all")(every_set)
    app.command("demo")(demo_company)
    app.command("report")(report)


def every_set(
    *,
    data: Annotated[Path, typer.Option(help="Folder with a folder per set.")],
    only: Annotated[list[str] | None, typer.Option(help="Only this set; can be repeated.")] = None,
    demo: Annotated[Path | None, typer.Option(help="Folder of the demo company, measured too.")] = None,
    seeds: Annotated[str, typer.Option(help="Seeds, separated by commas.")] = "0",
    target_error: TargetError = 0.10,
    backbone: Backbone = "auto",
    tune: Tune = True,
    docs: Docs = Path("docs"),
    models_dir: ModelsDir = default_models_dir(),
) -> None:
    """Measure the public sets beside simple baselines; what is recorded for this commit and seed is not run again."""
    from training.evaluation.records import (
        append_measurements,
        current_commit,
        is_measured,
        read_measurements,
    )
    from training.evaluation.report import tables

    with errors_told():
        chosen = _readers(data, only, demo)
        commit = current_commit(Path.cwd())
        for seed in _numbers(seeds):
            for name, read in chosen.items():
                done = read_measurements(docs / RECORD) if tune else []
                if is_measured(done, name=name, commit=commit, seed=seed):
                    console.print(f"{name}, seed {seed}: recorded for {commit} already")
                    continue
                found = _measured(
                    read(),
                    seed=seed,
                    target_error=target_error,
                    unknown_share="auto",
                    commit=commit,
                    backbone=backbone,
                    tune=tune,
                    models_dir=models_dir,
                )
                append_measurements(docs / RECORD, found)
                console.print(tables(found), markup=False, highlight=False)
        _write_page(docs)


def demo_company(
    *,
    demo: Demo,
    target_error: TargetError = 0.10,
    unknown_share: Annotated[
        str, typer.Option(help="As a release is built: 0.5. A number, or auto: estimated from the questions.")
    ] = "0.5",
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    backbone: Backbone = "multilingual",
    models_dir: ModelsDir = default_models_dir(),
) -> None:
    """Measure on the demo company's own test questions, also with the other language's knowledge alone."""
    from training.evaluation.demo import DemoCompany
    from training.evaluation.records import current_commit
    from training.evaluation.report import tables

    with errors_told():
        company = DemoCompany.read(demo)
        for chosen in company.sets():
            found = _measured(
                chosen,
                seed=seed,
                target_error=target_error,
                unknown_share=unknown_share,
                commit=current_commit(Path.cwd()),
                backbone=backbone,
                models_dir=models_dir,
            )
            console.print(tables(found), markup=False, highlight=False)


def report(*, docs: Docs = Path("docs")) -> None:
    """Write the page anew from the records."""
    from training.evaluation.records import read_measurements
    from training.simulation.measures.report import LOOP_RECORD, write_loop_report

    with errors_told():
        _write_page(docs)
        if of_loop := read_measurements(docs / LOOP_RECORD):
            write_loop_report(docs / PAGE, of_loop)


def _readers(
    data: Path, only: Sequence[str] | None, demo: Path | None
) -> dict[str, Callable[[], LabelledSet]]:
    """Set names -> how to read them. Raises EvaluationError for an unknown name or a missing folder."""
    from training.evaluation.demo import DemoCompany
    from training.evaluation.sets import SETS, VALIDATION, read_set

    names = (*SETS, *(name for name in only or () if name in VALIDATION))
    known: dict[str, Callable[[], LabelledSet]] = {name: partial(read_set, name, data=data) for name in names}
    if demo is not None:
        known |= {each.name: partial(_same, each) for each in DemoCompany.read(demo).sets()}
    if unknown := [name for name in only or () if name not in known]:
        raise EvaluationError(f"There is no set {', '.join(unknown)}; there are {', '.join(known)}")
    if not data.is_dir():
        raise EvaluationError(f"{data} is not a folder")
    return {name: read for name, read in known.items() if not only or name in only}


def _same(labelled: LabelledSet) -> LabelledSet:
    return labelled


def _numbers(seeds: str) -> list[int]:
    try:
        numbers = [int(part) for part in seeds.split(",")]
    except ValueError as error:
        raise EvaluationError(f"--seeds {seeds!r} must be whole numbers separated by commas") from error
    if min(numbers) < 0:
        raise EvaluationError(f"--seeds {seeds!r} must not be negative")
    return numbers


def _measured(
    chosen: LabelledSet,
    *,
    seed: int,
    target_error: float,
    unknown_share: str,
    commit: str,
    backbone: str,
    models_dir: Path,
    tune: bool = True,
) -> list[Measurement]:
    from training.evaluation.runs import measure_set

    name = choose_backbone(
        [*chosen.training.texts(), *chosen.texts], name=backbone, knowledge=chosen.training.knowledge
    )
    with shown_progress() as progress:
        return measure_set(
            chosen,
            load_encoder(name, models_dir=models_dir, threads=cores()),
            serving_encoder=load_encoder(name, models_dir=models_dir, threads=1),
            settings=fit_settings(target_error, unknown_share, seed),
            commit=commit,
            tune=tune,
            progress=progress,
        )


def _write_page(docs: Path) -> None:
    from training.evaluation.records import read_measurements
    from training.evaluation.report import write_report

    measurements = read_measurements(docs / RECORD)
    if not measurements:
        raise EvaluationError(f"{docs / RECORD} has no measurements yet; run: make benchmark DATA=path")
    write_report(docs / PAGE, measurements)
    console.print(f"{docs / PAGE} written from {len(measurements)} measurements")
