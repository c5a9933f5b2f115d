"""How many labels it takes, whether the tolerated error is kept in every round, and what of the possible coverage is left unused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

from retrieval.encoder import Encoder
from training.evaluation.pipeline import FitSettings
from training.remembering import Remembering
from training.simulation.comparing import Comparison, compare
from training.simulation.loop import Curve, Simulation, Terms, Told
from training.simulation.orders import Order
from training.simulation.plan import Plan
from training.simulation.visitors import Crowd

SHARE_LABELLED = 0.3
AT_RANDOM = 0.2
QUEUE, PART_AT_RANDOM = "queue", "queue, a fifth of the labels at random"
Figures = dict[str, float]


def measure_needed(
    plan: Plan, encoder: Encoder, *, settings: FitSettings, told: Told | None = None
) -> dict[str, Figures]:
    """Figures by what is labelled first; SHARE_LABELLED of what there is to label, spread evenly over the days."""
    simulation = Simulation(plan, Remembering(encoder), settings, Crowd())
    terms = Terms(budget=ceil(SHARE_LABELLED * len(plan.traffic) / len(plan.days)))
    wanted = (
        (Order.ALL.value, Order.ALL, terms),
        (QUEUE, Order.QUEUE, terms),
        (PART_AT_RANDOM, Order.QUEUE, replace(terms, at_random=AT_RANDOM)),
        (Order.RANDOM.value, Order.RANDOM, terms),
    )
    curves = [simulation.run(name, order, each, told=told) for name, order, each in wanted]
    return figures_of(curves, rest=len(plan.traffic))


def figures_of(curves: Sequence[Curve], *, rest: int) -> dict[str, Figures]:
    """Of each curve at its end, and the worst of its rounds."""
    compared = {each.name: each for each in compare(curves, rest=rest)}
    return {curve.name: _ends(curve) | _compared(compared.get(curve.name)) for curve in curves}


def _ends(curve: Curve) -> Figures:
    last = curve.rounds[-1]
    unused = [max(0.0, each.coverage_in_hindsight - each.coverage) for each in curve.rounds]
    return {
        "labels": last.labels,
        "right_first": last.accuracy,
        "coverage": last.coverage,
        "coverage_in_hindsight": last.coverage_in_hindsight,
        "selective_error": last.selective_error,
        "largest_error": max(each.selective_error for each in curve.rounds),
        "unused_in_the_mean": sum(unused) / len(unused),
        "ece": last.ece,
    }


def _compared(comparison: Comparison | None) -> Figures:
    if comparison is None:
        return {}
    figures = {"share_of_labels": comparison.share_of_rest}
    if comparison.below_all is not None:
        figures["below_all"] = comparison.below_all
    if comparison.share_of_random is not None and comparison.name != Order.RANDOM:
        figures["share_of_random"] = comparison.share_of_random
    return figures
