"""``python -m training benchmark companies``: the pipeline on mock companies, for choices about confidence and cut-offs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from retrieval.models import choose_backbone
from training.benchmark_cli import Backbone, UnknownShare, cores, errors_told, fit_settings, load_encoder
from training.errors import EvaluationError
from training.models_cli import ModelsDir, default_models_dir

if TYPE_CHECKING:
    from training.evaluation.pipeline import FitSettings
    from training.evaluation.sets import LabelledSet

STRICT, LOOSE = 0.10, 0.20  # tolerated errors
# figure, heading
COLUMNS = (
    ("right_first", "right first"),
    ("auroc_known", "known AUROC"),
    ("ece", "ECE"),
    ("unknown_share_assumed", "share assumed"),
    ("hindsight_strict", "possible at 10 %"),
    ("answered_strict", "answered"),
    ("wrong_strict", "wrong of these"),
    ("hindsight_loose", "possible at 20 %"),
    ("answered_loose", "answered"),
    ("wrong_loose", "wrong of these"),
)

console = Console(soft_wrap=True)


def register(app: typer.Typer) -> None:
    app.command("companies")(companies)


def companies(
    *,
    data: Annotated[Path, typer.Option(help="Folder with a folder per set.")],
    only: Annotated[list[str] | None, typer.Option(help="Only this company; can be repeated.")] = None,
    unknown_share: UnknownShare = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    backbone: Backbone = "auto",
    models_dir: ModelsDir = default_models_dir(),
) -> None:
    """Measure on mock companies cut from training and validation rows, half of their messages unanswerable."""
    from training.evaluation.companies import company_names, read_company

    with errors_told():
        names = company_names()
        if strange := [name for name in only or () if name not in names]:
            raise EvaluationError(f"There is no company {', '.join(strange)}; there are {', '.join(names)}")
        settings = fit_settings(STRICT, unknown_share, seed)
        console.print(_line(["company", "answers", "questions", *(heading for _, heading in COLUMNS)]))
        console.print(_line(["---"] + ["---:"] * (len(COLUMNS) + 2)))
        measured = []
        for name in only or names:
            chosen = read_company(name, data=data)
            figures = _figures(chosen, settings, backbone, models_dir)
            questions = chosen.training.knowledge.questions
            sizes = [str(len({question.answer_id for question in questions})), str(len(questions))]
            console.print(_line([name, *sizes, *_cells(figures)]))
            measured.append(figures)
        means = {name: fmean(each[name] for each in measured) for name, _ in COLUMNS}
        console.print(_line(["mean", "", "", *_cells(means)]))


def _figures(
    chosen: LabelledSet, settings: FitSettings, backbone: str, models_dir: Path
) -> Mapping[str, float]:
    from training.evaluation.pipeline import Message, replies_at, run_trial
    from training.evaluation.scoring import reply_figures

    messages = [Message.of(text) for text in chosen.texts]
    name = choose_backbone(
        [*chosen.training.texts(), *chosen.texts], name=backbone, knowledge=chosen.training.knowledge
    )
    encoder = load_encoder(name, models_dir=models_dir, threads=cores())
    trial = run_trial(encoder, chosen.training.knowledge, messages, settings=settings)
    figures = {"unknown_share_assumed": trial.unknown_share}
    for error, kind in ((STRICT, "strict"), (LOOSE, "loose")):
        replies = replies_at(trial, messages, settings=replace(settings, target_error=error))
        found = reply_figures(replies, chosen.right, target_error=error, single_label=True)
        figures |= {each: found[each] for each in ("right_first", "auroc_known", "ece")}
        figures |= {
            f"hindsight_{kind}": found["coverage_in_hindsight"],
            f"answered_{kind}": found["coverage"],
            f"wrong_{kind}": found["selective_error"],
        }
    return figures


def _cells(figures: Mapping[str, float]) -> list[str]:
    return [f"{figures[name]:.3f}" for name, _ in COLUMNS]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
