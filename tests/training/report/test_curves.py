"""Bins and curves, worked by hand."""

import numpy as np
import pytest

from training.report.curves import (
    MOST_POINTS,
    Point,
    calibration_error,
    hindsight,
    reliability,
    risk_coverage,
    spread,
)
from training.report.verdicts import shares

CONFIDENCE = np.array([0.95, 0.9, 0.9, 0.3, 0.25])
RIGHT = np.array([True, True, False, True, False])
EVEN = np.full(5, 0.2)


def test_unknown_questions_count_as_often_as_they_are_expected() -> None:
    known = np.array([True, True, True, False])
    assert shares(known, 0.4).tolist() == pytest.approx([0.2, 0.2, 0.2, 0.4])
    assert shares(np.array([True, True]), 0.4).tolist() == pytest.approx([0.5, 0.5])
    assert shares(np.array([False, False]), 0.0).tolist() == pytest.approx([0.5, 0.5])
    assert shares(np.empty(0, bool), 0.4).tolist() == []


def test_bins_hold_their_upper_end() -> None:
    bins = reliability(CONFIDENCE, RIGHT, EVEN)
    assert [(each.low, each.high, each.count) for each in bins] == [
        (0.2, 0.3, 2),
        (0.8, 0.9, 2),
        (0.9, 1.0, 1),
    ]
    assert [each.confidence for each in bins] == pytest.approx([0.275, 0.9, 0.95])
    assert [each.right for each in bins] == pytest.approx([0.5, 0.5, 1.0])
    assert [each.share for each in bins] == pytest.approx([0.4, 0.4, 0.2])
    assert calibration_error(bins) == pytest.approx(0.4 * 0.225 + 0.4 * 0.4 + 0.2 * 0.05)


def test_share_of_right_ones_is_weighted_and_its_interval_knows_what_that_costs() -> None:
    heavy = reliability(np.array([0.5, 0.5]), np.array([True, False]), np.array([0.75, 0.25]))[0]
    assert heavy.right == pytest.approx(0.75)
    # worth 1 / (0.75² + 0.25²) = 1.6 questions; Wilson with z = 1.96: z² = 3.8416
    count, z2 = 1.6, 3.8416
    half = (z2 * 0.75 * 0.25 / count + z2**2 / (4 * count**2)) ** 0.5 / (1 + z2 / count)
    middle = (0.75 + z2 / (2 * count)) / (1 + z2 / count)
    assert (heavy.least, heavy.most) == pytest.approx((middle - half, min(middle + half, 1.0)))


def test_curve_has_a_point_for_each_cutoff_that_parts_questions() -> None:
    points = risk_coverage(CONFIDENCE, RIGHT, EVEN)
    assert [point.confidence for point in points] == [0.95, 0.9, 0.3, 0.25]
    assert [point.coverage for point in points] == pytest.approx([0.2, 0.6, 0.8, 1.0])
    assert [point.error for point in points] == pytest.approx([0, 1 / 3, 1 / 4, 2 / 5])


def test_curve_counts_weights() -> None:
    points = risk_coverage(np.array([0.9, 0.5]), np.array([False, True]), np.array([0.25, 0.75]))
    assert points == (Point(0.9, 0.25, 1.0), Point(0.5, 1.0, 0.25))


def test_long_curves_keep_their_ends_and_empty_ones_are_empty() -> None:
    chances = np.linspace(1, 0, 1000)
    points = risk_coverage(chances, chances > 0.5, np.full(1000, 0.001))
    assert len(points) == MOST_POINTS
    assert (points[0].confidence, points[-1].confidence) == (1.0, 0.0)
    assert points[-1].coverage == pytest.approx(1)
    assert risk_coverage(np.empty(0), np.empty(0, bool), np.empty(0)) == ()


@pytest.mark.parametrize(("error", "coverage"), [(0.1, 0.2), (0.25, 0.8), (0.3, 0.8), (0.4, 1.0)])
def test_most_that_could_be_answered_in_hindsight(error: float, coverage: float) -> None:
    assert hindsight(CONFIDENCE, RIGHT, EVEN, error=error) == pytest.approx(coverage)


def test_spread_parts_right_wrong_and_unknown() -> None:
    known = np.array([True, True, True, False, False])
    bars = spread(CONFIDENCE, np.array([True, True, False, False, False]), known, EVEN)
    filled = {
        round(bar.high, 2): (bar.right, bar.wrong, bar.unknown)
        for bar in bars
        if sum((bar.right, bar.wrong, bar.unknown))
    }
    assert filled == {
        0.25: (0, 0, pytest.approx(0.2)),
        0.3: (0, 0, pytest.approx(0.2)),
        0.9: (pytest.approx(0.2), pytest.approx(0.2), 0),
        0.95: (pytest.approx(0.2), 0, 0),
    }
