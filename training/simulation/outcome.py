"""What came out of a simulation: JSON to compute with, a page to look at. Neither holds anybody's words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from training.evaluation.pipeline import FitSettings
from training.simulation.comparing import Comparison, compare
from training.simulation.loop import Curve, Terms
from training.simulation.plan import Plan
from training.simulation.visitors import Crowd

JSON_FILE, PAGE_FILE = "simulation.json", "simulation.html"


@dataclass(frozen=True, slots=True)
class SimulationOutcome:
    """`rows` counts what was there: at the start, to be had, in the test file, and left out since the test file has it."""

    backbone: str
    settings: FitSettings
    terms: Terms
    crowd: Crowd
    rows: Mapping[str, int]
    curves: tuple[Curve, ...]
    comparisons: tuple[Comparison, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, allow_nan=False)


def outcome_of(
    plan: Plan, curves: Sequence[Curve], *, settings: FitSettings, terms: Terms, crowd: Crowd, backbone: str
) -> SimulationOutcome:
    rows = {
        "start": len(plan.start),
        "rest": len(plan.traffic),
        "test": len(plan.test),
        "left_out": plan.left_out,
    }
    comparisons = tuple(compare(curves, rest=rows["rest"]))
    return SimulationOutcome(backbone, settings, terms, crowd, rows, tuple(curves), comparisons)


def save(folder: Path, outcome: SimulationOutcome) -> None:
    """Makes `folder`; raises TrainingError when it exists or the disk refuses."""
    from training.report.writing import write_folder
    from training.simulation.page import page_of

    write_folder(folder, {JSON_FILE: outcome.to_json(), PAGE_FILE: page_of(outcome)})
