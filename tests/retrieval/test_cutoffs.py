from math import comb

import numpy as np
import pytest

from retrieval.cutoffs import (
    NEVER,
    Judged,
    binomial_tail,
    certified_cutoff,
    choose_cutoffs,
    error_bound,
    expected_cutoff,
)


def test_binomial_tail_is_exact() -> None:
    """P(X <= 1) of 4 throws at 0.3: 0.7^4 + 4 * 0.3 * 0.7^3 = 0.6517."""
    assert binomial_tail(1, 4, 0.3) == pytest.approx(0.6517)
    assert binomial_tail(20, 200, 0.1) == pytest.approx(
        sum(comb(200, k) * 0.1**k * 0.9 ** (200 - k) for k in range(21))
    )
    assert binomial_tail(4, 4, 0.3) == 1.0
    assert binomial_tail(0, 4, 0.0) == 1.0
    assert binomial_tail(0, 4, 1.0) == 0.0


def test_error_bound_solves_the_tail() -> None:
    """Without an error among 10 the 5 % bound is 1 - 0.05^(1/10) = 0.2589."""
    assert error_bound(0, 10, level=0.05) == pytest.approx(1 - 0.05**0.1)
    assert binomial_tail(3, 50, error_bound(3, 50, level=0.05)) == pytest.approx(0.05)
    assert error_bound(5, 5, level=0.05) == 1.0


def test_certified_cutoff_takes_as_many_as_the_bound_allows() -> None:
    """100 right ones, then 100 wrong ones; 0 of n errors at 10 % is rejected from 0.9^n <= 0.025, n >= 36.

    With 100 right, k wrong are still rejected as long as P(X <= k | 100 + k, 0.1) <= 0.025.
    """
    confidences = np.concatenate([np.linspace(0.999, 0.99, 100), np.linspace(0.05, 0.01, 100)])
    right = np.arange(200) < 100
    most = max(k for k in range(20) if binomial_tail(k, 100 + k, 0.1) <= 0.025)
    cutoff = certified_cutoff(confidences, right, target_error=0.1)
    assert cutoff is not None
    answered = int((confidences >= cutoff).sum())
    assert 100 <= answered <= 100 + most


def test_nothing_is_certified_with_few_or_wrong_examples() -> None:
    """20 right ones are too few: 0.9^20 = 0.12."""
    assert certified_cutoff(np.full(20, 0.99), np.ones(20, bool), target_error=0.1) is None
    assert certified_cutoff(np.full(500, 0.99), np.zeros(500, bool), target_error=0.1) is None
    assert certified_cutoff(np.empty(0), np.empty(0, bool), target_error=0.1) is None


def test_equal_confidences_are_answered_together_or_not_at_all() -> None:
    """200 at 0.95, every fourth wrong: no cut-off may split them."""
    assert certified_cutoff(np.full(200, 0.95), np.arange(200) % 4 > 0, target_error=0.1) is None


def test_expected_cutoff_keeps_a_part_of_the_tolerated_error() -> None:
    """Confidences 0.98, 0.96, 0.92, 0.60: mean expected errors 0.02, 0.03, 0.0467, 0.135."""
    confidences, right = np.array([0.60, 0.98, 0.92, 0.96]), np.ones(4, bool)
    assert expected_cutoff(confidences, right, 0.1) == 0.92
    assert expected_cutoff(confidences, right, 0.3) == 0.60  # 0.135 is within 0.8 * 0.3 ...
    assert expected_cutoff(confidences, right, 0.15) == 0.92  # ... and not within 0.8 * 0.15
    assert expected_cutoff(confidences, np.zeros(4, bool), 0.1) is None


def judged(confidence: list[float], right: list[bool], among: list[bool]) -> Judged:
    return Judged(np.array(confidence), np.array(right), np.array(confidence), np.array(among))


def test_unreachable_target_answers_nothing() -> None:
    found = choose_cutoffs(
        judged([0.9] * 100, [False] * 100, [True] * 100), target_error=0.1, basis="language"
    )
    assert (found.answer_at, found.basis, found.examples) == (NEVER, "unreachable", 100)
    assert (found.clarify_at, found.choices_coverage) == (0.9, 1.0)


def test_choices_are_offered_down_to_where_they_help() -> None:
    """Unanswered: 30 at 0.6 of which 24 hold the right one, 30 at 0.2 of which 3 do: 0.8, then 27/60."""
    confidence = [0.6] * 30 + [0.2] * 30
    among = [True] * 24 + [False] * 6 + [True] * 3 + [False] * 27
    found = choose_cutoffs(judged(confidence, [False] * 60, among), target_error=0.1, basis="all")
    assert found.clarify_at == 0.6
    assert found.choices_coverage == pytest.approx(0.8)


def test_good_questions_back_do_not_pay_for_ones_that_hardly_help() -> None:
    """90 at 0.9 that all hold the right one would pay for 60 at 0.3 of which none does: 90/150 = 0.6."""
    confidence, among = [0.9] * 90 + [0.3] * 60, [True] * 90 + [False] * 60
    found = choose_cutoffs(judged(confidence, [False] * 150, among), target_error=0.1, basis="all")
    assert (found.clarify_at, found.choices_coverage) == (0.9, 1.0)


def test_choices_that_never_help_are_never_offered() -> None:
    found = choose_cutoffs(judged([0.5] * 40, [False] * 40, [False] * 40), target_error=0.1, basis="all")
    assert (found.clarify_at, found.choices_coverage) == (NEVER, 0.0)


@pytest.mark.slow
def test_promised_error_is_kept_in_nearly_all_draws() -> None:
    """True confidences of known and unknown questions, 1,000 draws of 600 examples: broken in <= 5 % of them."""
    random = np.random.default_rng(7)

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        known = random.random(count) < 0.5
        chance = np.where(known, random.beta(9, 1, count), random.beta(1, 5, count))
        return chance, random.random(count) < chance

    population, _ = draw(200_000)
    broken = certified = 0
    for _ in range(1000):
        cutoff = certified_cutoff(*draw(600), target_error=0.1)
        if cutoff is not None:
            certified += 1
            broken += float((1 - population[population >= cutoff]).mean()) > 0.1
    assert certified >= 700
    assert broken <= 0.05 * 1000
