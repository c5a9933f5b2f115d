from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import training.simulation.loop
from tests.training.simulation.files import plan_of, simulation_of
from training.simulation.loop import Curve, Terms
from training.simulation.orders import Asked, Order, first_of
from training.simulation.visitors import Crowd, Strategy

DAILY = [order for order in Order if order is not Order.ALL]


@pytest.fixture
def labelled(monkeypatch: pytest.MonkeyPatch) -> list[list[Asked]]:
    """What a person labels, day by day."""
    found: list[list[Asked]] = []

    def recorded(*arguments: Any, **options: Any) -> list[Asked]:
        found.append(first_of(*arguments, **options))
        return found[-1]

    monkeypatch.setattr(training.simulation.loop, "first_of", recorded)
    return found


def numbers(days: Sequence[Sequence[Asked]]) -> list[int]:
    return [each.row.number for day in days for each in day]


@pytest.mark.parametrize("order", DAILY)
def test_budget_is_kept_and_nothing_is_labelled_twice(
    tmp_path: Path, labelled: list[list[Asked]], order: Order
) -> None:
    plan = plan_of(tmp_path)
    curve = simulation_of(plan).run("x", order, Terms(budget=5))
    assert [len(day) for day in labelled] == [5, 5, 5]
    assert [each.labels for each in curve.rounds] == [0, 5, 10, 15]
    assert len(set(numbers(labelled))) == 15
    assert {row.number for row in plan.traffic}.issuperset(numbers(labelled))


def test_larger_budget_than_traffic_labels_all_there_is(tmp_path: Path, labelled: list[list[Asked]]) -> None:
    plan = plan_of(tmp_path)
    last = simulation_of(plan).run("x", Order.QUEUE, Terms(budget=1000)).rounds[-1]
    assert last.labels == len(plan.traffic)
    assert sorted(numbers(labelled)) == sorted(row.number for row in plan.traffic)


def test_all_labels_at_once_end_where_all_labels_day_by_day_end(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    simulation = simulation_of(plan)
    at_once = simulation.run("all", Order.ALL, Terms(budget=0)).rounds
    daily = simulation.run("queue", Order.QUEUE, Terms(budget=1000)).rounds
    assert len(at_once) == 1
    assert at_once[0] == daily[-1]


def test_training_comes_every_so_many_days_and_on_the_last(tmp_path: Path) -> None:
    curve = simulation_of(plan_of(tmp_path)).run("x", Order.QUEUE, Terms(budget=2, retrain_every=2))
    assert [(each.day, each.labels) for each in curve.rounds] == [(0, 0), (2, 4), (3, 6)]


def test_same_seed_gives_the_same_curve_and_without_labels_nothing_changes(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    first, again = (simulation_of(plan).run("x", Order.RANDOM, Terms(budget=4)) for _ in range(2))
    assert first == again
    idle = simulation_of(plan).run("x", Order.QUEUE, Terms(budget=0))
    assert len({each.accuracy for each in idle.rounds}) == 1


@pytest.mark.parametrize("strategy", Strategy)
def test_hostile_votes_become_no_labels_unless_each_vote_is_one(tmp_path: Path, strategy: Strategy) -> None:
    crowd = Crowd(noise=0.0, hostile=0.5, strategy=strategy, sessions=10, voting=1.0, visits=4.0)
    simulation = simulation_of(plan_of(tmp_path, start=1), crowd)

    def run(*, undefended: bool) -> Curve:
        return simulation.run("x", Order.QUEUE, Terms(budget=2, undefended=undefended))

    assert [each.wrong_from_visitors for each in run(undefended=False).rounds] == [0, 0, 0, 0]
    assert run(undefended=True).rounds[-1].wrong_from_visitors > 0


def test_labels_rise_from_day_to_day(tmp_path: Path) -> None:
    curve = simulation_of(plan_of(tmp_path)).run("x", Order.QUEUE, Terms(budget=3))
    assert all(after.labels == before.labels + 3 for before, after in pairwise(curve.rounds))


def test_part_of_the_budget_goes_to_messages_drawn_from_those_of_the_day(
    tmp_path: Path, labelled: list[list[Asked]]
) -> None:
    plan = plan_of(tmp_path)
    assert [len(day) for day in plan.days] == [13, 13, 12]
    drawn: list[set[tuple[str, float]]] = []
    curve = simulation_of(plan).run(
        "x",
        Order.QUEUE,
        Terms(budget=5, at_random=0.4),
        judged=lambda _, trial: drawn.append({(each.text, each.stands_for) for each in trial.fitted.drawn}),
    )
    assert [each.labels for each in curve.rounds] == [0, 5, 10, 15]
    assert [len(day) for day in labelled] == [3, 3, 3]
    assert [len(each) for each in drawn] == [0, 2, 4, 6]
    chances = [
        [row for row in day if row.message.utterance in {text for text, _ in drawn[-1]}] for day in plan.days
    ]
    assert [len(each) for each in chances] == [2, 2, 2]
    assert sorted(stands_for for _, stands_for in drawn[-1]) == [6.0, 6.0, 6.5, 6.5, 6.5, 6.5]
    ranked = {each.row.message.utterance for day in labelled for each in day}
    assert ranked.isdisjoint(text for text, _ in drawn[-1])
