"""The shipped confidence of composed replies: weights and cut-offs, fitted on training questions whose right section is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.composition_confidence import FEATURES, NEVER_NEGATIVE
from retrieval.cutoffs import certified_cutoff, expected_cutoff
from retrieval.logistic import fit_logistic, sigmoid, without_negatives
from training.errors import EvaluationError
from training.evaluation.composed import Tried

# Whose questions count. Many of Australia's FAQ questions are labelled with a section near the right one: of 22 composed replies to validation
# questions that counted as wrong, most of them Australia's, 17 answer the question when they are read.
FITTED_ON = "CDC"
TOLERATED = (0.05, 0.10, 0.15, 0.20, 0.30)
FOLDS = 5
# Deviations of the Gaussian prior around 0; features are of the order of 1.
INTERCEPT_DEVIATION, DEVIATION = 10.0, 3.0

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CompositionPrior:
    """`cutoffs` by tolerated error; one that cannot be kept is missing."""

    weights: Mapping[str, float]
    cutoffs: Mapping[float, float]
    examples: int


def fit_composition_prior(tried: Sequence[Tried], *, seed: int = 0) -> CompositionPrior:
    """Weights on all of FITTED_ON's questions, cut-offs on confidences that were fitted without the question.

    Raises:
        EvaluationError: there are none.
    """
    rows = [each for each in tried if each.company == FITTED_ON]
    if not rows:
        raise EvaluationError(f"There are no questions of {FITTED_ON} to fit on")
    features = np.stack([each.features for each in rows])  # (n, f)
    right = np.array([each.right for each in rows])
    # A question's two rows, known and unknown, stay in one fold.
    folds = np.random.default_rng(seed).permutation(len(rows) // 2).repeat(2) % FOLDS
    crossed = np.empty(len(rows))
    for fold in range(FOLDS):
        inside = folds == fold
        crossed[inside] = sigmoid(features[inside] @ _fit(features[~inside], right[~inside]))
    return CompositionPrior(
        dict(zip(FEATURES, _fit(features, right).tolist(), strict=True)), _cutoffs(crossed, right), len(rows)
    )


def _fit(features: Floats, right: Flags) -> Floats:
    deviations = np.array([INTERCEPT_DEVIATION if name == "intercept" else DEVIATION for name in FEATURES])

    def fit(used: Flags) -> Floats:
        return fit_logistic(
            features[:, used],
            right.astype(np.float64),
            weights=np.ones(len(right)),
            prior_mean=np.zeros(int(used.sum())),
            prior_deviation=deviations[used],
        )

    return without_negatives(fit, np.array([name not in NEVER_NEGATIVE for name in FEATURES]))


def _cutoffs(confidences: Floats, right: Flags) -> dict[float, float]:
    """Certified ones; where there is none, what the confidences expect and what was seen.

    What keeps a smaller error keeps a larger one, too.
    """
    found: dict[float, float] = {}
    for error in TOLERATED:
        cutoff = certified_cutoff(confidences, right, target_error=error)
        if cutoff is None:
            cutoff = expected_cutoff(confidences, right, error)
        if cutoff is not None:
            found[error] = min([cutoff, *found.values()])
    return found
