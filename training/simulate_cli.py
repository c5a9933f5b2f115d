"""``python -m training simulate``: the feedback loop on labelled data, with learning curves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from retrieval.models import choose_backbone
from training.benchmark_cli import (
    Backbone,
    Seed,
    TargetError,
    UnknownShare,
    cores,
    errors_told,
    fit_settings,
    load_encoder,
    shown_progress,
    warned,
)
from training.models_cli import AsJson, ModelsDir, default_models_dir
from training.simulation.orders import Order
from training.simulation.visitors import Crowd, Strategy

if TYPE_CHECKING:
    from training.simulation.loop import Round
    from training.simulation.outcome import SimulationOutcome

console = Console(soft_wrap=True)
UNDEFENDED = "queue, each vote a label"
HEADINGS = (
    "labelled first",
    "day",
    "labels",
    "from visitors",
    "right first",
    "answered",
    "wrong of these",
    "ECE",
)
USUAL = [Order.QUEUE, Order.RANDOM, Order.ALL]


def simulate(
    *,
    train: Annotated[Path, typer.Option(help="CSV with the columns text,intent (intent oos: out of scope).")],
    test: Annotated[Path, typer.Option(help="CSV with the columns text,intent, to measure on.")],
    start: Annotated[int, typer.Option(min=1, help="Labelled examples of each intent to start from.")] = 5,
    budget: Annotated[int, typer.Option(min=0, help="Labels that a person gives a day.")] = 50,
    rounds: Annotated[int, typer.Option(min=1, help="Days that the other rows are spread over.")] = 10,
    order: Annotated[
        list[Order] | None,
        typer.Option(help="What is labelled first; can be repeated.  [queue, random, all]"),
    ] = None,
    retrain_every: Annotated[int, typer.Option(min=1, help="Days from one training to the next.")] = 1,
    rereads: Annotated[
        bool, typer.Option("--reread/--no-reread", help="Judge what waits anew after each training.")
    ] = True,
    at_random: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the labels for messages drawn at random.")
    ] = 0.0,
    noise: Annotated[float, typer.Option(min=0, max=1, help="Share of honest visitors who err.")] = 0.1,
    voting: Annotated[float, typer.Option(min=0, max=1, help="Share of visitors who say something.")] = 0.3,
    visits: Annotated[float, typer.Option(min=1, help="Visitors who ask the same thing, in the mean.")] = 1.0,
    hostile: Annotated[float, typer.Option(min=0, max=1, help="Share of hostile visitors.")] = 0.0,
    strategy: Annotated[Strategy, typer.Option(help="What hostile visitors do.")] = Strategy.FLIP,
    sessions: Annotated[int, typer.Option(min=1, help="Sessions of hostile visitors.")] = 100,
    target_error: TargetError = 0.10,
    unknown_share: UnknownShare = "auto",
    seed: Seed = 0,
    backbone: Backbone = "auto",
    tune: Annotated[
        bool, typer.Option(help="Train the encoder's upper layers too, which takes long.")
    ] = False,
    models_dir: ModelsDir = default_models_dir(),
    out: Annotated[
        Path | None, typer.Option(help="Folder to make: simulation.html, simulation.json.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Play the feedback loop on labelled rows: how fast the bot learns from what a person labels first."""
    from training.checkpoints import backbone_to_tune
    from training.remembering import Remembering
    from training.report.writing import refuse_existing
    from training.simulation.loop import Simulation, Terms
    from training.simulation.outcome import PAGE_FILE, outcome_of, save
    from training.simulation.plan import read_plan

    with errors_told():
        settings = fit_settings(target_error, unknown_share, seed)
        crowd = Crowd(noise, hostile, strategy, sessions, voting, visits)
        if out is not None:
            refuse_existing(out)
        plan = read_plan(train, test, start=start, rounds=rounds, seed=seed)
        texts = [row.message.utterance for row in (*plan.start, *plan.traffic, *plan.test)]
        chosen = choose_backbone(texts, name=backbone)
        simulation = Simulation(
            plan,
            Remembering(load_encoder(chosen, models_dir=models_dir, threads=cores())),
            settings,
            crowd,
            backbone_for=lambda knowledge: backbone_to_tune(chosen, knowledge, tune=tune, warn=warned),
        )
        terms = Terms(budget, retrain_every, rereads, at_random=at_random)
        with shown_progress() as told:
            curves = [
                simulation.run(name, each, replace(terms, undefended=undefended), told=told)
                for name, each, undefended in _wanted(order or USUAL, hostile=hostile)
            ]
        outcome = outcome_of(plan, curves, settings=settings, terms=terms, crowd=crowd, backbone=chosen)
        if out is not None:
            save(out, outcome)
    if as_json:
        print(outcome.to_json())
    else:
        _show(outcome)
        if out is not None:
            console.print(f"Page in {out / PAGE_FILE}", markup=False, highlight=False)


def _wanted(orders: Sequence[Order], *, hostile: float) -> Iterator[tuple[str, Order, bool]]:
    """The name of each curve, its order, and whether each vote is a label; hostile visitors also meet a bot that believes all."""
    for order in dict.fromkeys(orders):
        yield order.value, order, False
        if hostile and order is Order.QUEUE:
            yield UNDEFENDED, order, True


def _show(outcome: SimulationOutcome) -> None:
    rows = outcome.rows
    left_out = (
        f" {rows['left_out']} rows are in the test file, too, and left out." if rows["left_out"] else ""
    )
    console.print(
        f"{rows['start']} labelled at the start, {rows['rest']} more to be had, {rows['test']} to measure on; "
        f"{outcome.backbone}.{left_out}\n"
    )
    console.print(_line(HEADINGS))
    console.print(_line(["---", *["---:"] * (len(HEADINGS) - 1)]))
    for curve in outcome.curves:
        for each in curve.rounds:
            console.print(_line([curve.name, *_cells(each)]))
    console.print()
    for said in _comparisons(outcome):
        console.print(said, highlight=False)


def _comparisons(outcome: SimulationOutcome) -> Iterator[str]:
    for each in outcome.comparisons:
        text = f"{each.name}: {100 * each.accuracy:.1f} % right first with {100 * each.share_of_rest:.1f} % of the labels"
        if each.below_all is not None:
            text += f", {100 * each.below_all:.1f} points below all of them"
        if each.share_of_random is not None and each.name != Order.RANDOM:
            text += f"; {100 * each.share_of_random:.0f} % of the labels that random choice needs for what it reaches"
        yield f"{text}; at most {100 * each.largest_error:.1f} % of the answered wrong in a round."


def _cells(each: Round) -> list[str]:
    visitors = f"{each.from_visitors} ({each.wrong_from_visitors} wrong)"
    shares = [f"{100 * value:.1f} %" for value in (each.accuracy, each.coverage, each.selective_error)]
    return [str(each.day), str(each.labels), visitors, *shares, f"{each.ece:.3f}"]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
