"""Fusion weights learned from searches with a known outcome."""

from __future__ import annotations

import numpy as np

from retrieval.example_table import ExampleTable
from retrieval.fusion import ACROSS_WEIGHTS, PARTS, PRIOR_WEIGHTS, Fusion
from retrieval.logistic import fit_choice, without_negatives

PRIOR_DEVIATIONS = (0.7, 0.8, 0.4, 3.0, 3.0, 5.0, 0.5, 1.5, 0.5)
LANGUAGES = frozenset({"en", "zh"})
LEAST_EXAMPLES = 30  # with fewer the prior moves by less than its own doubt
STANDING = PARTS.index("standing")


def fit_fusion(examples: ExampleTable) -> Fusion:
    """By language, weights under which the right answer comes first as often as possible; never negative.

    Only examples whose right answer kept a question of its own are used: where all that is left is the bare
    answer text, having no question would be the mark of the right one. A language without any, beside one that has some, gets
    ACROSS_WEIGHTS.
    """
    kept = np.asarray((examples.right & examples.questioned).any(axis=1))
    useful = examples.only(kept)
    known_in = set(useful.languages.tolist())
    fitted = dict.fromkeys(sorted(LANGUAGES - known_in), ACROSS_WEIGHTS) if known_in else {}
    for language in np.unique(useful.languages):
        own = useful.only(useful.languages == language)
        if len(own) >= LEAST_EXAMPLES:
            fitted[str(language)] = _fit(own)
    return Fusion(fitted)


def _fit(examples: ExampleTable) -> tuple[float, ...]:
    """Of several right answers the one that stands out most counts as the chosen one."""
    standing = np.where(examples.right, examples.parts[:, :, STANDING], -np.inf)  # (n, c)
    chosen = standing.argmax(axis=1)
    mean, deviation = np.array(PRIOR_WEIGHTS), np.array(PRIOR_DEVIATIONS)
    weights = without_negatives(
        lambda used: fit_choice(
            examples.parts[:, :, used],
            examples.present,
            chosen,
            prior_mean=mean[used],
            prior_deviation=deviation[used],
        ),
        signed=np.zeros(len(PARTS), bool),
    )
    return tuple(weights.tolist())
