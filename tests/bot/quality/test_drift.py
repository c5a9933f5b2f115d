"""Whether traffic has moved since a release began to speak."""

import numpy as np
import pytest

from bot.quality.drift import WINDOW, drift_between, moved_down


def test_largest_difference_by_hand() -> None:
    reference, later = np.array([0.2, 0.4, 0.6, 0.8]), np.array([0.1, 0.2, 0.3, 0.8])
    # At 0.3 the later one has three quarters, the reference one.
    assert moved_down(reference, later) == pytest.approx(0.5)
    assert moved_down(later, reference) == 0.0


def test_lower_confidences_are_told_and_higher_ones_are_not() -> None:
    random = np.random.default_rng(1)
    first = random.beta(6, 2, WINDOW)
    lower, higher = random.beta(4, 3, WINDOW), random.beta(9, 2, WINDOW)
    assert drift_between(first, lower, window=1, alpha=0.0167).has_moved
    assert not drift_between(first, higher, window=1, alpha=0.0167).has_moved


def test_the_same_traffic_is_not_told_in_a_hundred_windows() -> None:
    first, *later = np.random.default_rng(2).beta(6, 2, (101, WINDOW))
    for window, newest in enumerate(later, start=1):
        found = drift_between(first, newest, window=window, alpha=0.0167)
        assert (found.window, found.has_moved) == (window, False)
