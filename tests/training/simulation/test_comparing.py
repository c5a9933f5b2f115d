import pytest

from training.simulation.comparing import compare, labels_for
from training.simulation.loop import Curve, Round


def curve(name: str, *points: tuple[int, float], errors: float = 0.1) -> Curve:
    return Curve(
        name,
        tuple(
            Round(day, labels, 0, 0, accuracy, 0.5, errors, 0.05, 0.1, 0.9)
            for day, (labels, accuracy) in enumerate(points)
        ),
    )


def test_labels_are_read_off_between_two_rounds() -> None:
    rising = curve("queue", (0, 0.5), (100, 0.7), (200, 0.8))
    assert labels_for(rising, 0.6) == pytest.approx(50.0)
    assert labels_for(rising, 0.75) == pytest.approx(150.0)
    assert labels_for(rising, 0.4) == 0.0
    assert labels_for(rising, 0.9) is None


def test_curves_are_compared_with_random_choice_and_with_all_labels() -> None:
    curves = [
        curve("queue", (0, 0.5), (100, 0.8), (200, 0.9), errors=0.11),
        curve("random", (0, 0.5), (100, 0.6), (200, 0.8)),
        curve("all", (1000, 0.92)),
    ]
    queue, chance = compare(curves, rest=1000)
    assert (queue.name, queue.labels, queue.share_of_rest, queue.largest_error) == ("queue", 200, 0.2, 0.11)
    assert queue.below_all == pytest.approx(0.02)
    assert queue.labels_for_random == pytest.approx(100.0)
    assert queue.share_of_random == pytest.approx(0.5)
    assert chance.share_of_random == pytest.approx(1.0)


def test_what_was_not_tried_is_not_compared_with() -> None:
    (alone,) = compare([curve("queue", (0, 0.5), (100, 0.8))], rest=1000)
    assert alone.below_all is alone.labels_for_random is alone.share_of_random is None
