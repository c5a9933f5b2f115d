import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.unknown_share import (
    Evidence,
    density_ratios,
    error_of_folds,
    estimate_unknown_share,
    mixture_share,
    share_deviation,
)


def alike(values: NDArray[np.float64]) -> Evidence:
    """All nearest to answers with as many questions."""
    return Evidence.once(values, np.ones(len(values)))


def test_share_of_messages_with_certain_evidence_is_their_count() -> None:
    # Evidence that all but settles it: ratio 1e9 for unknown, 1e-9 for known.
    assert mixture_share(np.array([1e9, 1e-9, 1e-9, 1e-9]), np.ones(4)) == pytest.approx(0.25, abs=1e-6)


def test_share_maximises_the_likelihood_worked_by_hand() -> None:
    # Two messages with ratio 3, one with 1/3: d/ds of 2 ln(1 + 2s) + ln(1 - 2s/3) is 4/(1 + 2s) - 2/(3 - 2s),
    # which is 0 at 12 - 8s = 2 + 4s, s = 5/6.
    assert mixture_share(np.array([3.0, 1 / 3]), np.array([2.0, 1.0])) == pytest.approx(5 / 6, abs=1e-5)


def test_share_lies_at_the_border_when_all_messages_look_known() -> None:
    assert mixture_share(np.array([0.5, 0.2, 0.9]), np.ones(3)) == pytest.approx(0.0, abs=1e-4)


def test_deviation_is_that_of_a_coin_when_evidence_is_certain() -> None:
    # Binomial: sqrt(s (1 - s) / m) with s = 1/4, m = 4.
    ratios = np.array([1e9, 1e-9, 1e-9, 1e-9])
    assert share_deviation(ratios, np.ones(4), 0.25) == pytest.approx((0.25 * 0.75 / 4) ** 0.5, rel=1e-6)


def test_deviation_is_infinite_when_known_and_unknown_look_alike() -> None:
    assert share_deviation(np.ones(100), np.ones(100), 0.5) == float("inf")


def test_ratios_of_two_gaussians_are_those_of_their_densities() -> None:
    # N(-1, 1) against N(1, 1): the log ratio at x is -2x.
    random = np.random.default_rng(0)
    known, unknown = random.normal(1, 1, 20_000), random.normal(-1, 1, 5_000)
    ratios = density_ratios(np.array([0.0, -1.0, 1.0]), known=known, unknown=unknown)
    assert np.log(ratios) == pytest.approx([0.0, 2.0, -2.0], abs=0.1)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.8])
def test_estimate_finds_the_share_of_a_mixture_without_labels(share: float) -> None:
    random = np.random.default_rng(1)
    known, unknown = random.normal(2, 1, 2000), random.normal(0, 1, 2000)
    unknowns = round(3000 * share)
    messages = np.concatenate([random.normal(2, 1, 3000 - unknowns), random.normal(0, 1, unknowns)])
    assert estimate_unknown_share(
        alike(messages), known=alike(known), unknown=alike(unknown)
    ) == pytest.approx(share, abs=0.03)


def test_messages_count_as_often_as_they_were_said() -> None:
    """Fifteen unknown texts said sixty times each among 900 known and 100 unknown ones: 1,000 of 1,900 messages."""
    random = np.random.default_rng(8)
    known, unknown = random.normal(4, 1, 2000), random.normal(0, 1, 2000)
    values = np.concatenate([random.normal(0, 1, 15), random.normal(4, 1, 900), random.normal(0, 1, 100)])
    times = np.repeat([60.0, 1.0], [15, 1000])

    def told(messages: Evidence) -> float | None:
        return estimate_unknown_share(messages, known=alike(known), unknown=alike(unknown))

    assert told(Evidence(values, np.ones(1015), times)) == pytest.approx(1000 / 1900, abs=0.03)
    assert told(alike(values)) == pytest.approx(115 / 1015, abs=0.03)


def test_a_program_that_says_the_same_all_day_does_not_decide() -> None:
    """2,000 of 2,399 messages are one unknown text; the other 399 are known. It counts as often as a tenth of the 400 texts: 40 of 439."""
    random = np.random.default_rng(9)
    known, unknown = random.normal(4, 1, 2000), random.normal(0, 1, 2000)
    values, times = np.append(random.normal(4, 1, 399), -3.0), np.append(np.ones(399), 2000.0)

    told = estimate_unknown_share(
        Evidence(values, np.ones(400), times), known=alike(known), unknown=alike(unknown)
    )

    # and the even share that was believed beforehand counts a little against so few pieces of evidence
    assert told == pytest.approx(40 / 439, abs=0.06)


def test_deviation_of_repeated_messages_is_that_of_as_many_texts_as_there_are() -> None:
    """Four texts, all said a hundred times, tell no more than four; one said a hundred times, and three once, about as much as one."""
    ratios = np.array([1e9, 1e-9, 1e-9, 1e-9])
    assert share_deviation(ratios, np.full(4, 100.0), 0.25) == pytest.approx(
        (0.25 * 0.75 / 4) ** 0.5, rel=1e-6
    )
    # Slopes: 1 / s of the unknown one, -1 / (1 - s) of the others; s = 100 / 103.
    s = 100 / 103
    by_hand = ((100 / s) ** 2 + 3 / (1 - s) ** 2) ** 0.5 / (100 / s**2 + 3 / (1 - s) ** 2)
    assert share_deviation(ratios, np.array([100.0, 1, 1, 1]), s) == pytest.approx(by_hand, rel=1e-6)


def test_estimate_stays_within_its_bounds() -> None:
    random = np.random.default_rng(2)
    known, unknown = random.normal(4, 1, 500), random.normal(0, 1, 500)
    lowest = estimate_unknown_share(
        alike(random.normal(5, 1, 500)), known=alike(known), unknown=alike(unknown)
    )
    highest = estimate_unknown_share(
        alike(random.normal(-1, 1, 500)), known=alike(known), unknown=alike(unknown)
    )
    assert (lowest, highest) == (0.02, 0.98)


def test_estimate_is_refused_where_the_two_kinds_look_alike() -> None:
    random = np.random.default_rng(3)
    known, unknown, messages = (random.normal(mean, 1, 100) for mean in (0.1, 0.0, 0.0))
    assert estimate_unknown_share(alike(messages), known=alike(known), unknown=alike(unknown)) is None


def test_estimate_is_refused_where_unknown_questions_are_the_more_similar_ones() -> None:
    known, unknown, messages = np.zeros(60), np.ones(60), np.full(60, 0.5)
    assert estimate_unknown_share(alike(messages), known=alike(known), unknown=alike(unknown)) is None


def test_estimate_is_refused_with_too_few_rows() -> None:
    known, unknown, few = np.linspace(4, 6, 60), np.linspace(0, 2, 60), np.full(49, 5.0)
    # Sixty messages, all known, have a standard error of 0.13, and an even share was believed give or take 0.25.
    assert estimate_unknown_share(alike(known), known=alike(known), unknown=alike(unknown)) == pytest.approx(
        0.107, abs=1e-3
    )
    assert estimate_unknown_share(alike(few), known=alike(known), unknown=alike(unknown)) is None
    assert estimate_unknown_share(alike(known), known=alike(few), unknown=alike(unknown)) is None
    assert estimate_unknown_share(alike(known), known=alike(known), unknown=alike(few - 5)) is None


def test_folds_alike_tell_each_others_share_and_a_fold_apart_does_not() -> None:
    random = np.random.default_rng(5)

    def fold(unknown_mean: float) -> tuple[NDArray[np.float64], list[bool]]:
        values = np.concatenate([random.normal(4, 0.5, 200), random.normal(unknown_mean, 0.5, 200)])
        return values, [True] * 200 + [False] * 200

    def error(*unknown_means: float) -> float:
        made = [fold(mean) for mean in unknown_means]
        values, known = np.concatenate([each[0] for each in made]), np.concatenate([each[1] for each in made])
        return error_of_folds(alike(values), known, np.repeat(np.arange(len(made)), 400))

    assert error(0, 0, 0) < 0.02
    # The last fold's unknown questions lie right amid the known ones: the others tell that it has none, -1 of its share; with it they tell more.
    assert error(0, 0, 4) > 3**-0.5
    assert error(0) == 0.0


def test_an_estimate_that_folds_contradict_is_believed_less_the_more_the_larger_it_is() -> None:
    random = np.random.default_rng(6)
    known, unknown = random.normal(8, 1, 2000), random.normal(0, 1, 2000)

    def told(share: float, error: float) -> float:
        unknowns = round(4000 * share)
        values = np.concatenate([random.normal(8, 1, 4000 - unknowns), random.normal(0, 1, unknowns)])
        found = estimate_unknown_share(alike(values), known=alike(known), unknown=alike(unknown), error=error)
        assert found is not None
        return found

    # An even share is believed give or take .25: a deviation of .5 * .8 = .4 leaves .25^2 / (.25^2 + .4^2) = .281 of .8, the rest of .5.
    assert told(0.8, error=0.5) == pytest.approx(0.281 * 0.8 + 0.719 * 0.5, abs=0.01)
    assert told(0.8, error=0.0) == pytest.approx(0.8, abs=0.01)
    assert told(0.04, error=0.5) == pytest.approx(0.04, abs=0.01)


def test_customers_who_ask_about_small_answers_are_not_taken_for_unknown_ones() -> None:
    """Known questions of answers with 3 questions look less sure; history has few of them, traffic half."""
    random = np.random.default_rng(4)

    def drawn(large: int, small: int, unknown: int) -> tuple[Evidence, Evidence]:
        values = [random.normal(4, 1, large), random.normal(2, 1, small), random.normal(0, 1, unknown)]
        sizes = [np.full(large, 30.0), np.full(small, 3.0), np.tile([30.0, 3.0], unknown // 2)]
        known = Evidence.once(np.concatenate(values[:2]), np.concatenate(sizes[:2]))
        return known, Evidence.once(values[2], sizes[2])

    known, unknown = drawn(1800, 200, 1000)
    asked = drawn(700, 700, 600)
    messages = Evidence.once(
        *(np.concatenate([getattr(each, name) for each in asked]) for name in ("values", "questions"))
    )
    assert estimate_unknown_share(messages, known=known, unknown=unknown) == pytest.approx(0.3, abs=0.03)
    in_one = estimate_unknown_share(
        alike(messages.values), known=alike(known.values), unknown=alike(unknown.values)
    )
    assert in_one is not None
    assert in_one > 0.35


def test_where_known_and_unknown_lie_alike_in_one_stratum_it_is_not_asked_by_itself() -> None:
    """Of the largest answers' questions the unknown ones look a little surer, by chance, and all messages of customers surer than both."""
    random = np.random.default_rng(7)

    def drawn(*means: float) -> Evidence:
        sizes = (3.0, 10.0, 30.0)
        return Evidence.once(
            np.concatenate([random.normal(mean, 1.5, 500) for mean in means]), np.repeat(sizes, 500)
        )

    known, unknown, messages = drawn(2.0, 3.0, -0.8), drawn(-2.0, -1.0, -0.7), drawn(2.0, 3.0, 1.5)
    assert estimate_unknown_share(messages, known=known, unknown=unknown) == pytest.approx(0.02, abs=0.03)
