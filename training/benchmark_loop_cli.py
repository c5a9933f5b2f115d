"""``python -m training benchmark loop``: what the feedback loop is worth, and what it bears."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from retrieval.models import choose_backbone
from training.benchmark_cli import (
    Seed,
    TargetError,
    cores,
    errors_told,
    fit_settings,
    load_encoder,
    shown_progress,
)
from training.benchmark_sets_cli import PAGE, Docs
from training.errors import EvaluationError
from training.models_cli import ModelsDir, default_models_dir

if TYPE_CHECKING:
    from retrieval.encoder import Encoder
    from training.evaluation.pipeline import FitSettings
    from training.simulation.loop import Told

    Figures = Mapping[str, Mapping[str, float]]
    Measure = Callable[["Inputs"], tuple[str, Figures, str]]

START = 5

console = Console(soft_wrap=True)


def register(app: typer.Typer) -> None:
    app.command("loop")(loop)


class Inputs:
    """What a measurement is made from; the encoder is loaded for the texts of each."""

    def __init__(
        self, data: Path, *, part: float, rounds: int, settings: FitSettings, models_dir: Path, told: Told
    ) -> None:
        self.data, self.part, self.rounds = data, part, rounds
        self.settings, self.models_dir, self.told = settings, models_dir, told

    def encoder_for(self, texts: Iterable[str]) -> Encoder:
        name = choose_backbone(list(texts), name="auto")
        return load_encoder(name, models_dir=self.models_dir, threads=cores())

    def named(self, title: str) -> str:
        return title if self.part == 1 else f"{title} ({self.part:.0%} of the rows and messages)"


def loop(
    *,
    data: Annotated[Path, typer.Option(help="Folder with a folder per set.")],
    only: Annotated[list[str] | None, typer.Option(help="Only this measurement; can be repeated.")] = None,
    part: Annotated[
        float, typer.Option(min=0.01, max=1, help="Hashed part of the rows and messages to measure on.")
    ] = 1.0,
    rounds: Annotated[int, typer.Option(min=1, help="Days that traffic is spread over.")] = 10,
    target_error: TargetError = 0.10,
    seed: Seed = 0,
    docs: Docs = Path("docs"),
    models_dir: ModelsDir = default_models_dir(),
) -> None:
    """Measure the feedback loop on public sets: labels needed, flipped labels, real ratings, later messages."""
    from training.evaluation.records import (
        Measurement,
        append_measurements,
        current_commit,
        read_measurements,
    )
    from training.simulation.measures.report import LOOP_RECORD, loop_tables, write_loop_report

    with errors_told():
        if strange := [name for name in only or () if name not in MEASURES]:
            raise EvaluationError(
                f"There is no measurement {', '.join(strange)}; there are {', '.join(MEASURES)}"
            )
        settings = fit_settings(target_error, "auto", seed)
        for name in only or MEASURES:
            with shown_progress() as told:
                inputs = Inputs(
                    data, part=part, rounds=rounds, settings=settings, models_dir=models_dir, told=told
                )
                group, found, backbone = MEASURES[name](inputs)
            commit = current_commit(Path.cwd())
            rows = [
                Measurement(name, group, method, commit, seed, backbone, target_error, figures)
                for method, figures in found.items()
            ]
            append_measurements(docs / LOOP_RECORD, rows)
            console.print(loop_tables(rows), markup=False, highlight=False)
        write_loop_report(docs / PAGE, read_measurements(docs / LOOP_RECORD))


def _needed(name: str) -> Measure:
    def measure(inputs: Inputs) -> tuple[str, Figures, str]:
        from training.simulation.measures.needed import measure_needed
        from training.simulation.plan import read_plan

        folder = inputs.data / name
        plan = read_plan(
            folder / "train.csv",
            folder / "test.csv",
            start=START,
            rounds=inputs.rounds,
            seed=inputs.settings.seed,
            part=inputs.part,
        )
        encoder = inputs.encoder_for(row.message.utterance for row in (*plan.start, *plan.test))
        found = measure_needed(plan, encoder, settings=inputs.settings, told=inputs.told)
        return inputs.named(f"Labels needed, {name}"), found, encoder.name

    return measure


def _flipped(inputs: Inputs) -> tuple[str, Figures, str]:
    from training.simulation.measures.flipped import measure_flipped
    from training.simulation.plan import read_plan

    folder = inputs.data / "banking77"
    plan = read_plan(
        folder / "train.csv",
        folder / "test.csv",
        start=START,
        rounds=1,
        seed=inputs.settings.seed,
        part=inputs.part,
    )
    encoder = inputs.encoder_for(row.message.utterance for row in plan.test)
    found = measure_flipped(plan, encoder, settings=inputs.settings)
    return inputs.named("Flipped labels, banking77"), found, encoder.name


def _ratings(inputs: Inputs) -> tuple[str, Figures, str]:
    from training.evaluation.sets import SOURCES, read_set
    from training.simulation.measures.ratings import measure_ratings, names_of_sets, read_ratings

    folder = inputs.data / "feedbackqa"
    sets = [
        (read_set(name, data=inputs.data), read_ratings(folder, source))
        for name, source in zip(names_of_sets(), SOURCES, strict=True)
    ]
    encoder = inputs.encoder_for(text for labelled, _ in sets for text in labelled.texts)
    return "Real ratings, feedbackqa", measure_ratings(sets, encoder, settings=inputs.settings), encoder.name


def _later(title: str, *, from_little: bool) -> Measure:
    def measure(inputs: Inputs) -> tuple[str, Figures, str]:
        from training.simulation.measures import later

        path = inputs.data / "star_dialogues" / "dialogues.jsonl.gz"
        parts = later.FROM_LITTLE if from_little else later.FROM_A_FIFTH
        plan = later.read_openings(path, parts, days=inputs.rounds)
        encoder = inputs.encoder_for(row.message.utterance for row in plan.test)
        found = later.measure_later(plan, encoder, settings=inputs.settings, told=inputs.told)
        return title, found, encoder.name

    return measure


MEASURES: Mapping[str, Measure] = {
    "flipped": _flipped,
    "ratings": _ratings,
    "later": _later("Later messages, star_dialogues, a fifth known at the start", from_little=False),
    "later_from_little": _later(
        "Later messages, star_dialogues, a twentieth known at the start", from_little=True
    ),
    "needed_banking77": _needed("banking77"),
    "needed_massive_zh_cn": _needed("massive_zh_cn"),
}
"""Name -> how it is measured, the quick ones first."""
