from math import log

import numpy as np
import pytest

from retrieval.logistic import fit_choice, fit_logistic, sigmoid

WIDE = 1e6


def test_sigmoid_does_not_overflow() -> None:
    assert sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist() == [0.0, 0.5, 1.0]


def test_intercept_alone_is_the_log_odds_of_the_share() -> None:
    """Three of four are right: ln(3)."""
    beta = fit_logistic(
        np.ones((4, 1)),
        np.array([1.0, 1.0, 1.0, 0.0]),
        weights=np.ones(4),
        prior_mean=np.zeros(1),
        prior_deviation=np.array([WIDE]),
    )
    assert beta.tolist() == pytest.approx([log(3)])


def test_two_groups_give_their_log_odds() -> None:
    """Without the feature 1 of 4 is right, with it 3 of 4: intercept ln(1/3), weight ln(9)."""
    features = np.column_stack([np.ones(8), np.repeat([0.0, 1.0], 4)])
    targets = np.array([1, 0, 0, 0, 1, 1, 1, 0], dtype=float)
    beta = fit_logistic(
        features,
        targets,
        weights=np.ones(8),
        prior_mean=np.zeros(2),
        prior_deviation=np.full(2, WIDE),
    )
    assert beta.tolist() == pytest.approx([log(1 / 3), log(9)], abs=1e-6)


def test_weights_count_as_repeated_rows() -> None:
    """One right row of weight 3 and one wrong of weight 1."""
    beta = fit_logistic(
        np.ones((2, 1)),
        np.array([1.0, 0.0]),
        weights=np.array([3.0, 1.0]),
        prior_mean=np.zeros(1),
        prior_deviation=np.array([WIDE]),
    )
    assert beta.tolist() == pytest.approx([log(3)])


def test_prior_comes_out_without_rows_and_holds_separable_data() -> None:
    mean, deviation = np.array([0.5, -2.0]), np.array([1.0, 2.0])
    nothing = fit_logistic(
        np.empty((0, 2)), np.empty(0), weights=np.empty(0), prior_mean=mean, prior_deviation=deviation
    )
    assert nothing.tolist() == pytest.approx([0.5, -2.0])
    separable = fit_logistic(
        np.array([[1.0, -1.0], [1.0, 1.0]]),
        np.array([0.0, 1.0]),
        weights=np.full(2, 1000.0),
        prior_mean=np.zeros(2),
        prior_deviation=np.ones(2),
    )
    assert np.isfinite(separable).all()
    assert separable[1] > 3


def test_choice_between_two_is_a_logistic_of_the_difference() -> None:
    """The alternative with the feature is chosen three times of four: ln(3)."""
    features = np.tile(np.array([[[1.0], [0.0], [9.0]]]), (4, 1, 1))
    present = np.tile(np.array([[True, True, False]]), (4, 1))
    beta = fit_choice(
        features,
        present,
        np.array([0, 0, 0, 1]),
        prior_mean=np.zeros(1),
        prior_deviation=np.array([WIDE]),
    )
    assert beta.tolist() == pytest.approx([log(3)])
