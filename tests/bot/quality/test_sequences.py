"""Evidence that more is wrong than promised: by hand, and by playing it often."""

from math import exp, log

import numpy as np
import pytest

from bot.quality.sequences import GRID, LEAST_ODDS, MOST_ODDS, log_evidence, share_bounds


def test_nothing_was_seen() -> None:
    assert log_evidence([], []) == 0.0
    assert share_bounds(0, 0, alpha=0.05) == share_bounds(0, 0, alpha=0.01)
    assert (share_bounds(0, 0, alpha=0.05).lower, share_bounds(0, 0, alpha=0.05).upper) == (0.0, 1.0)


def test_one_row_by_hand() -> None:
    odds = np.geomspace(LEAST_ODDS, MOST_ODDS, GRID)
    assert exp(log_evidence([0.1], [True])) == pytest.approx(float((odds / (0.9 + 0.1 * odds)).mean()))
    assert exp(log_evidence([0.1], [False])) == pytest.approx(float((1 / (0.9 + 0.1 * odds)).mean()))
    # A fair game: what it wins and loses is nothing in the mean.
    mean = 0.1 * exp(log_evidence([0.1], [True])) + 0.9 * exp(log_evidence([0.1], [False]))
    assert mean == pytest.approx(1.0)


def test_who_is_as_wrong_as_tolerated_is_rarely_ever_accused() -> None:
    random = np.random.default_rng(7)
    wrong = random.random((400, 300)) < 0.1
    looks = range(10, 301, 10)  # looked at again and again
    accused = sum(any(log_evidence(np.full(n, 0.1), row[:n]) >= log(20) for n in looks) for row in wrong)
    assert accused <= 0.05 * 400


def test_who_is_wrong_twice_as_often_is_found_out() -> None:
    random = np.random.default_rng(7)
    wrong = random.random((50, 400)) < 0.25
    found = sum(log_evidence(np.full(400, 0.1), row) >= log(20) for row in wrong)
    assert found >= 48


def test_bounds_hold_the_share_and_close_in() -> None:
    few, many = share_bounds(6, 20, alpha=0.025), share_bounds(300, 1000, alpha=0.025)
    assert few.share == many.share == 0.3
    assert 0.05 < few.lower < many.lower < 0.3 < many.upper < few.upper < 0.7
    assert many.upper - many.lower < 0.12
    assert share_bounds(0, 50, alpha=0.025).lower == 0.0
    assert share_bounds(50, 50, alpha=0.025).upper == 1.0


def test_sure_and_wrong_is_worse_than_unsure_and_wrong() -> None:
    wrong = [True] * 3 + [False] * 20
    assert log_evidence([0.02] * 23, wrong) > log(5) > 0 > log_evidence([0.2] * 23, wrong)
