"""The intervals hold at all moments at once, and tell arms apart when there is something to tell."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.experiments.confidence_sequence import ArmSums, DifferenceSequence, Mixture

ALPHA = 0.05
EXPERIMENTS, VISITORS = 1000, 500


def test_sums_are_those_of_a_case_worked_by_hand() -> None:
    """Share 0.5, so weights are 2 and −2; predictions begin at 1/2."""
    sequence = DifferenceSequence(0.5)
    sequence.add(1.0, in_b=True)  # predicted 0, deviation 2 (1 − 0.5) = 1
    assert (sequence.total, sequence.variance) == (1.0, 1.0)
    sequence.add(0.0, in_b=False)  # m_B = 0.75, m_A = 0.5: predicted 0.25, deviation −2 (0 − 0.5) = 1
    assert (sequence.total, sequence.variance) == (2.25, 2.0)
    sequence.add(1.0, in_b=True)  # m_A = 0.25: predicted 0.5, deviation 2 (1 − 0.75) = 0.5
    assert (sequence.total, sequence.variance) == (3.25, 2.25)
    assert (sequence.a, sequence.b) == (ArmSums(1, 0.0), ArmSums(2, 2.0))


def test_mixture_with_one_lambda_is_the_exponential_of_the_paper() -> None:
    lone = Mixture(2.0, np.array([0.25]), np.array([(-math.log(0.5) - 0.5) / 4]))
    evidence = lone.log_evidence(np.array([8.0]), np.array([10.0]))
    assert evidence[0] == pytest.approx(0.25 * 8 - (math.log(2) - 0.5) / 4 * 10)
    # linear in both, so the bound is solved by hand: (log(1/α) + ψ V) / λ
    expected = (math.log(20) + (math.log(2) - 0.5) / 4 * 10) / 0.25
    assert lone.bound(10.0, alpha=0.05) == pytest.approx(expected)


@pytest.mark.parametrize("variance", [0.0, 3.0, 200.0, 50_000.0])
def test_bound_is_where_the_evidence_reaches_one_in_alpha(variance: float) -> None:
    mixture = Mixture.for_share(0.3)
    bound = mixture.bound(variance, alpha=0.025)
    evidence = mixture.log_evidence(np.array([bound]), np.array([variance]))
    assert evidence[0] == pytest.approx(math.log(40), abs=1e-9)


def drawn(
    rng: np.random.Generator, share: float, a: float, b: float, experiments: int
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Arms and what was shown, ``(experiments, VISITORS)``."""
    arms = rng.random((experiments, VISITORS)) < share
    return arms, (rng.random(arms.shape) < np.where(arms, b, a)).astype(float)


def sums(
    arms: NDArray[np.bool_], shown: NDArray[np.float64], share: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Σ X_i and Σ d_i² after each visitor, by the very class, for many experiments at once."""
    totals, variances = np.empty(arms.shape), np.empty(arms.shape)
    for row in range(len(arms)):
        sequence = DifferenceSequence(share)
        for place, (in_b, value) in enumerate(zip(arms[row].tolist(), shown[row].tolist(), strict=True)):
            sequence.add(value, in_b=in_b)
            totals[row, place], variances[row, place] = sequence.total, sequence.variance
    return totals, variances


@pytest.mark.parametrize(("share", "a", "b"), [(0.5, 0.6, 0.6), (0.5, 0.02, 0.05), (0.2, 0.9, 0.7)])
def test_interval_misses_the_truth_in_at_most_five_percent_of_experiments_peeked_at_after_every_visitor(
    share: float, a: float, b: float
) -> None:
    arms, shown = drawn(np.random.default_rng(7), share, a, b, EXPERIMENTS)
    totals, variances = sums(arms, shown, share)
    excess = totals - (b - a) * np.arange(1, VISITORS + 1)
    mixture, limit = Mixture.for_share(share), math.log(2 / ALPHA)
    missed = 0
    for row in range(EXPERIMENTS):  # below the interval or above it at any moment at all
        highest = mixture.log_evidence(excess[row], variances[row]).max()
        lowest = mixture.log_evidence(-excess[row], variances[row]).max()
        missed += max(highest, lowest) >= limit
    assert missed / EXPERIMENTS <= ALPHA


def test_interval_itself_holds_after_every_visitor() -> None:
    """As above through ``interval``, on fewer experiments, since each look is solved anew."""
    arms, shown = drawn(np.random.default_rng(1), 0.5, 0.7, 0.6, 20)
    for row in range(20):
        sequence = DifferenceSequence(0.5)
        for place in range(300):
            sequence.add(float(shown[row, place]), in_b=bool(arms[row, place]))
            interval = sequence.interval(alpha=ALPHA)
            assert interval.lower <= -0.1 <= interval.upper


def test_visitors_who_change_over_time_and_by_what_came_before_do_no_harm() -> None:
    """The chance is redrawn from the past: nothing is assumed but the drawing of arms."""
    rng, missed = np.random.default_rng(3), 0
    mixture, limit = Mixture.for_share(0.5), math.log(2 / ALPHA)
    for _ in range(300):
        sequence, excess, looks = DifferenceSequence(0.5), 0.0, []
        for _ in range(400):
            chance = 0.9 if sequence.total > 0 else 0.1
            effect = -0.1 if chance > 0.5 else 0.1
            in_b = bool(rng.random() < 0.5)
            before = sequence.total
            sequence.add(float(rng.random() < chance + effect * in_b), in_b=in_b)
            excess += sequence.total - before - effect
            looks.append((excess, sequence.variance))
        found, variances = np.array(looks).T
        evidence = [mixture.log_evidence(sign * found, variances).max() for sign in (1, -1)]
        missed += max(evidence) >= limit
    assert missed / 300 <= ALPHA


def test_difference_of_ten_points_is_told_within_two_thousand_visitors() -> None:
    rng, told = np.random.default_rng(5), 0
    for _ in range(50):
        sequence = DifferenceSequence(0.5)
        for in_b, value in zip((rng.random(2000) < 0.5).tolist(), rng.random(2000).tolist(), strict=True):
            sequence.add(float(value < (0.7 if in_b else 0.6)), in_b=in_b)
        told += sequence.interval(alpha=ALPHA).lower > 0
    assert told >= 40


def test_without_visitors_anything_is_possible() -> None:
    interval = DifferenceSequence(0.5).interval(alpha=ALPHA)
    assert (interval.estimate, interval.lower, interval.upper) == (0.0, -1.0, 1.0)
