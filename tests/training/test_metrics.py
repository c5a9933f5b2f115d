from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, roc_auc_score

from training.evaluation.metrics import (
    accuracy,
    auroc,
    brier,
    coverage_at_error,
    ece,
    macro_f1,
    mrr,
    recall_at_1,
    selective,
)


def test_recall_at_1_counts_first_answers_that_are_among_the_right_ones() -> None:
    ranked = [["a", "b"], ["b", "a"], [], ["c"]]
    right = [{"a"}, {"a"}, {"a"}, {"b", "c"}]
    assert recall_at_1(ranked, right) == 2 / 4


def test_mrr_is_the_mean_of_reciprocal_ranks_and_0_where_nothing_right_is_listed() -> None:
    ranked = [["a", "b"], ["b", "a"], ["x", "y", "a"], ["x"]]
    right = [{"a"}, {"a"}, {"a", "z"}, {"a"}]
    assert mrr(ranked, right) == pytest.approx((1 + 1 / 2 + 1 / 3 + 0) / 4)


def test_accuracy_is_the_share_of_equal_labels() -> None:
    assert accuracy(["a", "b", "b", "c"], ["a", "b", "c", "a"]) == 0.5


def test_macro_f1_averages_over_classes_guessed_or_labelled() -> None:
    # a: 1 right of 1 guessed and 2 labelled, 2/3; b: 1 right of 2 guessed and 2 labelled, 1/2; c: guessed only, 0
    assert macro_f1(["a", "b", "b", "c"], ["a", "b", "a", "b"]) == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), min_size=1, max_size=30))
def test_macro_f1_agrees_with_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    guesses, labels = zip(*pairs, strict=True)
    expected = f1_score(labels, guesses, average="macro", zero_division=0.0)
    assert macro_f1(guesses, labels) == pytest.approx(expected)


def test_auroc_counts_pairs_in_order_and_ties_half() -> None:
    # pairs (positive, negative): (.9,.5) in order, (.9,.2) in order, (.5,.5) tie, (.5,.2) in order: 3.5 of 4
    assert auroc([0.9, 0.5, 0.5, 0.2], [True, True, False, False]) == 3.5 / 4


def test_auroc_needs_both_kinds() -> None:
    assert isnan(auroc([0.1, 0.2], [True, True]))
    assert isnan(auroc([0.1, 0.2], [False, False]))


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_auroc_agrees_with_scikit_learn(rows: list[tuple[int, bool]]) -> None:
    values, positive = zip(*rows, strict=True)
    if len(set(positive)) == 2:
        assert auroc(values, positive) == pytest.approx(roc_auc_score(positive, values))


def test_ece_weighs_the_gap_of_each_bin_by_its_rows() -> None:
    # Two bins. (0, 0.5]: 0.2, 0.4 with one right: |0.6 - 1| = 0.4. (0.5, 1]: 0.9, 0.9 with both right: |1.8 - 2| = 0.2.
    assert ece([0.2, 0.4, 0.9, 0.9], [False, True, True, True], bins=2) == pytest.approx((0.4 + 0.2) / 4)


def test_ece_has_15_bins_closed_above() -> None:
    # 1/15 is in the first bin with 0.01, where the gaps are added before the absolute value is taken.
    assert ece([1 / 15, 0.01], [False, True]) == pytest.approx(abs(1 / 15 + 0.01 - 1) / 2)
    # 0.07 is in the second bin, so that the gaps are added after it.
    assert ece([0.07, 0.01], [False, True]) == pytest.approx((0.07 + 0.99) / 2)


def test_ece_takes_the_ends_of_the_scale() -> None:
    assert ece([0.0, 1.0], [False, True]) == 0.0
    assert ece([0.0, 1.0], [True, False]) == 1.0


def test_brier_is_the_mean_squared_difference() -> None:
    assert brier([0.8, 0.3], [True, False]) == pytest.approx((0.04 + 0.09) / 2)


def test_coverage_at_error_takes_the_longest_prefix_even_after_a_worse_one() -> None:
    # wrong shares by prefix: 1/1, 1/2, 1/3, 1/4, 2/5
    confidences, right = [0.9, 0.8, 0.7, 0.6, 0.5], [False, True, True, True, False]
    assert coverage_at_error(confidences, right, 0.25) == 4 / 5
    assert coverage_at_error(confidences, right, 0.40) == 1.0
    assert coverage_at_error(confidences, right, 0.10) == 0.0


def test_coverage_at_error_does_not_part_equal_confidences() -> None:
    assert coverage_at_error([0.9, 0.5, 0.5], [True, True, False], 0.0) == 1 / 3


def test_coverage_at_error_meets_the_error_exactly_in_spite_of_rounding() -> None:
    right = [True] * 27 + [False] * 3
    assert coverage_at_error([0.5] * 30, right, 0.1) == 1.0


def test_selective_gives_coverage_and_share_of_wrong_among_the_answered() -> None:
    chosen = selective([True, True, True, False], [True, False, True, True])
    assert chosen.coverage == 3 / 4
    assert chosen.error == pytest.approx(1 / 3)


def test_selective_error_of_nothing_answered_is_0() -> None:
    chosen = selective([False, False], [True, False])
    assert (chosen.coverage, chosen.error) == (0.0, 0.0)


def test_figures_of_no_message_are_not_numbers() -> None:
    empty = (recall_at_1([], []), mrr([], []), ece([], []), brier([], []), coverage_at_error([], [], 0.1))
    assert all(map(isnan, empty))
