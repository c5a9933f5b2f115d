"""Tests and bounds on small cases whose values are known."""

import pytest

from training.gate.statistics import (
    chance_of_loss,
    difference_interval,
    error_at_least,
    holm,
    least_difference,
)


def test_mcnemar_counts_rows_that_differ_alone() -> None:
    assert chance_of_loss(0, 0) == 1.0
    assert chance_of_loss(0, 9) == 1.0
    assert chance_of_loss(5, 0) == pytest.approx(1 / 32)
    # 12 or more heads of 15: (455 + 105 + 15 + 1) / 2^15
    assert chance_of_loss(12, 3) == pytest.approx(576 / 32768)


def test_holm_multiplies_the_smallest_by_all_and_never_falls() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_interval_is_wide_where_few_rows_do_not_differ() -> None:
    # Without a row that differs, Tango's interval is z^2 / (n + z^2) to both sides.
    assert difference_interval(0, 0, 60) == pytest.approx((-3.8415 / 63.8415, 3.8415 / 63.8415), abs=1e-4)
    assert least_difference(0, 0, 1000) == pytest.approx(-2.7055 / 1002.7055, abs=1e-5)


def test_interval_turns_round_with_the_rows_and_holds_the_difference() -> None:
    low, high = difference_interval(12, 3, 300)
    assert difference_interval(3, 12, 300) == pytest.approx((-high, -low))
    assert low < -0.03 < high < 0


def test_interval_ends_where_the_score_statistic_reaches_its_quantile() -> None:
    from training.gate.statistics import _score

    low, _ = difference_interval(9, 4, 200)
    assert _score(9, 4, 200, low) == pytest.approx(1.959964, abs=1e-5)


def test_lower_bound_of_an_error_share() -> None:
    assert error_at_least(0, 50) == 0.0
    assert error_at_least(0, 0) == 0.0
    # 5 of 5: the bound p has p^5 = 0.05.
    assert error_at_least(5, 5) == pytest.approx(0.05 ** (1 / 5))
