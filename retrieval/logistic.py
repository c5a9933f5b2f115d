"""Logistic regression with a Gaussian prior, by Newton's method. Small, exact, no dependency but numpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

MOST_STEPS = 60
TOLERANCE = 1e-9


def sigmoid(logits: Floats) -> Floats:
    """1 / (1 + e^-x), without overflow."""
    half: Floats = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return half


def without_negatives(fit: Callable[[NDArray[np.bool_]], Floats], signed: NDArray[np.bool_]) -> Floats:
    """Repeats `fit` on fewer columns until no coefficient is negative that may not be; the dropped ones are 0.

    Args:
        fit: gets the (f,) mask of columns to use and returns their coefficients.
        signed: (f,) columns whose coefficient may be negative.
    """
    used = np.ones(len(signed), bool)
    while True:
        found = np.zeros(len(signed))
        found[used] = fit(used)
        wrong = (found < 0) & ~signed
        if not wrong.any():
            return found
        used &= ~wrong


def fit_logistic(
    features: Floats, targets: Floats, *, weights: Floats, prior_mean: Floats, prior_deviation: Floats
) -> Floats:
    """Maximum a posteriori coefficients of P(target = 1) = sigmoid(features @ coefficients).

    Args:
        features: (n, f); a column of ones gives an intercept.
        targets: (n,) 0 or 1.
        weights: (n,) how often each row counts, not negative.
        prior_mean, prior_deviation: (f,) of independent Gaussians; with no rows the mean comes out.

    Returns:
        (f,) coefficients.
    """
    precision: Floats = 1.0 / np.square(prior_deviation)

    def objective(beta: Floats) -> float:
        logits = features @ beta
        likelihood = weights @ (targets * logits - np.logaddexp(0.0, logits))
        return float(likelihood - 0.5 * precision @ np.square(beta - prior_mean))

    beta = prior_mean.astype(np.float64)
    height = objective(beta)
    for _ in range(MOST_STEPS):
        chance: Floats = sigmoid(features @ beta)  # (n,)
        gradient = features.T @ (weights * (targets - chance)) - precision * (beta - prior_mean)
        curvature = (features.T * (weights * chance * (1.0 - chance))) @ features + np.diag(
            precision
        )  # (f, f)
        step: NDArray[Any] = np.linalg.solve(curvature, gradient)
        beta, gain, height = _climb(objective, beta, step, height)
        if gain < TOLERANCE:
            break
    return beta


def fit_choice(
    features: Floats,
    present: NDArray[np.bool_],
    chosen: NDArray[np.intp],
    *,
    prior_mean: Floats,
    prior_deviation: Floats,
) -> Floats:
    """Maximum a posteriori coefficients of the conditional logit: P(choice i) = softmax over i of features[i] @ coefficients.

    McFadden 1974, "Conditional logit analysis of qualitative choice behavior".

    Args:
        features: (n, c, f) of c alternatives in n situations.
        present: (n, c) which alternatives exist.
        chosen: (n,) index of the alternative that was right.
        prior_mean, prior_deviation: (f,) of independent Gaussians.

    Returns:
        (f,) coefficients.
    """
    precision: Floats = 1.0 / np.square(prior_deviation)
    rows = np.arange(len(chosen))

    def utilities(beta: Floats) -> Floats:
        found: Floats = np.where(present, features @ beta, -np.inf)  # (n, c)
        return found

    def objective(beta: Floats) -> float:
        values = utilities(beta)
        likelihood = values[rows, chosen] - np.logaddexp.reduce(values, axis=1)
        return float(likelihood.sum() - 0.5 * precision @ np.square(beta - prior_mean))

    beta = prior_mean.astype(np.float64)
    height = objective(beta)
    for _ in range(MOST_STEPS):
        values = utilities(beta)
        chance = np.exp(values - np.logaddexp.reduce(values, axis=1, keepdims=True))  # (n, c)
        expected = np.einsum("nc,ncf->nf", chance, features)
        gradient = (features[rows, chosen] - expected).sum(axis=0) - precision * (beta - prior_mean)
        spread = features - expected[:, None, :]  # (n, c, f)
        curvature = np.einsum("nc,ncf,ncg->fg", chance, spread, spread) + np.diag(precision)
        step: NDArray[Any] = np.linalg.solve(curvature, gradient)
        beta, gain, height = _climb(objective, beta, step, height)
        if gain < TOLERANCE:
            break
    return beta


def _climb(
    objective: Callable[[Floats], float], start: Floats, step: NDArray[Any], height: float
) -> tuple[Floats, float, float]:
    """Halves the Newton step until it climbs; returns the new point, the gain and the new height."""
    for _ in range(40):
        reached = objective(start + step)
        if reached >= height:
            return start + step, reached - height, reached
        step = step / 2
    return start, 0.0, height
