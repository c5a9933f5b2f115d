"""What one learning curve is worth beside another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from training.simulation.loop import Curve
from training.simulation.orders import Order


@dataclass(frozen=True, slots=True)
class Comparison:
    """The curve `name` at its end.

    Attributes:
        labels, share_of_rest: given by a person, and as a share of all that were to be had.
        below_all: points of accuracy that all labels at once bring more; None where they were not tried.
        labels_for_random: with which it is as accurate as random choice with all of its labels, interpolated between
            days; None where it never is, or random choice was not tried.
        largest_error: the largest selective error of all rounds.
    """

    name: str
    labels: int
    share_of_rest: float
    accuracy: float
    below_all: float | None
    labels_for_random: float | None
    share_of_random: float | None
    largest_error: float


def compare(curves: Sequence[Curve], *, rest: int) -> list[Comparison]:
    """One for each curve that goes from day to day; `rest` is how many labels were to be had beyond the start."""
    ends = {curve.name: curve.rounds[-1] for curve in curves}
    everything, by_chance = ends.get(Order.ALL), ends.get(Order.RANDOM)
    found = []
    for curve in curves:
        last = curve.rounds[-1]
        if curve.name == Order.ALL:
            continue
        needed = labels_for(curve, by_chance.accuracy) if by_chance else None
        found.append(
            Comparison(
                name=curve.name,
                labels=last.labels,
                share_of_rest=last.labels / rest,
                accuracy=last.accuracy,
                below_all=everything.accuracy - last.accuracy if everything else None,
                labels_for_random=needed,
                share_of_random=needed / by_chance.labels if by_chance and needed is not None else None,
                largest_error=max(each.selective_error for each in curve.rounds),
            )
        )
    return found


def labels_for(curve: Curve, accuracy: float) -> float | None:
    """Labels at which the curve first reaches `accuracy`, on a straight line between two rounds; None where it never does."""
    if curve.rounds[0].accuracy >= accuracy:
        return float(curve.rounds[0].labels)
    for before, after in pairwise(curve.rounds):
        if after.accuracy >= accuracy:
            part = (accuracy - before.accuracy) / (after.accuracy - before.accuracy)
            return before.labels + part * (after.labels - before.labels)
    return None
