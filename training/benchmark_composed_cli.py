"""``python -m training benchmark composed|composed-prior``: replies composed from documents, and their shipped confidence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from training.benchmark_cli import cores, errors_told, load_encoder
from training.models_cli import ModelsDir, default_models_dir

if TYPE_CHECKING:
    from training.evaluation.composed import Company
    from training.evaluation.composed_report import CompanyFigures

BACKBONE = "english"

console = Console(soft_wrap=True)

Data = Annotated[Path, typer.Option(help="Folder with a folder per set; feedbackqa is read.")]


def register(app: typer.Typer) -> None:
    app.command("composed")(composed)
    app.command("composed-prior")(composed_prior)


def composed(
    *,
    data: Data,
    split: Annotated[str, typer.Option(help="Questions to ask: valid, test or train.")] = "valid",
    target_error: Annotated[
        float, typer.Option(help="Tolerated share of wrong ones among composed replies.")
    ] = 0.10,
    examples: Annotated[
        int, typer.Option(min=0, help="So many composed replies are printed, to be read.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw of those.")] = 0,
    verdicts: Annotated[
        bool, typer.Option("--verdicts", help="Tell, too, what people's verdicts on earlier replies change.")
    ] = False,
    models_dir: ModelsDir = default_models_dir(),
) -> None:
    """Compose replies from FeedbackQA's pages to questions whose section is known, half of them unanswerable there."""
    from training.evaluation.composed import try_questions
    from training.evaluation.composed_report import drawn_replies, figures_of, table
    from training.evaluation.composed_verdicts import after_verdicts, verdicts_table

    with errors_told():
        companies = _companies(data, split, models_dir)
        tried = try_questions(companies)
        figures: Sequence[CompanyFigures] = [
            figures_of(company, tried, target_error=target_error) for company in companies
        ]
        console.print(table(figures, split=split, target_error=target_error), markup=False, highlight=False)
        if verdicts:
            earlier = try_questions(_companies(data, "train", models_dir))
            found = [
                after_verdicts(company.documents.name, earlier, tried, target_error=target_error)
                for company in companies
            ]
            console.print(verdicts_table(found, split=split), markup=False, highlight=False)
        for reply in drawn_replies(companies, tried, target_error=target_error, count=examples, seed=seed):
            console.print(reply, markup=False, highlight=False)


def composed_prior(*, data: Data, models_dir: ModelsDir = default_models_dir()) -> None:
    """Fit the weights and cut-offs of `retrieval.composition_confidence` on training questions, and print them."""
    from training.composition_prior import fit_composition_prior
    from training.evaluation.composed import try_questions

    with errors_told():
        prior = fit_composition_prior(try_questions(_companies(data, "train", models_dir)))
        console.print(f"WEIGHTS, of {prior.examples} tries:")
        for name, weight in prior.weights.items():
            console.print(f"  {name}: {weight:.2f}", highlight=False)
        console.print("CUTOFFS:")
        for error, cutoff in prior.cutoffs.items():
            console.print(f"  {error:.2f}: {cutoff:.3f}", highlight=False)


def _companies(data: Path, split: str, models_dir: Path) -> list[Company]:
    from training.evaluation.composed import Company
    from training.evaluation.composed_sets import read_document_sets

    sets = read_document_sets(data, split=split)
    encoder = load_encoder(BACKBONE, models_dir=models_dir, threads=cores())
    return [Company.of(documents, encoder) for documents in sets]
