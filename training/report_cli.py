"""What the commands that train do with a report."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from training.errors import TrainingError

if TYPE_CHECKING:
    from retrieval.confidence_model import ConfidenceModel
    from retrieval.records import Knowledge
    from training.fitting import Fitted

console = Console(soft_wrap=True)
errors = Console(stderr=True, soft_wrap=True)

ReportFolder = Annotated[
    Path | None, typer.Option(help="Folder to make, with a report on the run: report.html, report.json.")
]


def check_report_folder(folder: Path | None) -> None:
    """Raises TrainingError when it is there already."""
    if folder is not None:
        from training.report.writing import refuse_existing

        refuse_existing(folder)


def save_report(
    folder: Path | None,
    fitted: Fitted,
    confidence: ConfidenceModel,
    knowledge: Knowledge,
    *,
    name: str,
    backbone: str,
    seed: int,
) -> None:
    """Writes the report, if one is wanted. What was trained is kept already, and no plot that fails takes it away."""
    if folder is None:
        return
    try:
        from training.report.figures import RunFacts, report_of
        from training.report.writing import PAGE_FILE, write_report

        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        run = RunFacts(name=name, made_at=made_at, backbone=backbone, seed=seed)
        write_report(folder, report_of(fitted, confidence, knowledge, run=run))
    except Exception as error:  # of drawing libraries anything, and training took far longer than this
        said = str(error) if isinstance(error, TrainingError) else repr(error)
        errors.print(f"Trained, but without a report: {said}", style="yellow", markup=False)
    else:
        console.print(f"Report in {folder / PAGE_FILE}", markup=False, highlight=False)
