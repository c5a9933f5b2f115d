"""Cut-offs from real messages that people judged: the same weights, made to fit the traffic that they meet.

The messages have to be a fair sample of what a model replied to, with the confidences it gave then. The intercept moves so
that best candidates are right as often as the confidences say on these messages ("calibration in the large"); it is the one weight that a change
of the share of unknown questions changes (Saerens, Latinne and Decaestecker 2002). Cut-offs are chosen anew on them, as in
:mod:`retrieval.cutoffs`, so that the tolerated error is certified on traffic, not on left-out questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from retrieval.confidence import LEAST_EXAMPLES, cutoffs_by_language, forecasts_by_language
from retrieval.confidence_model import ConfidenceModel, choices_worth_offering, settled
from retrieval.cutoffs import Floats, Judged
from retrieval.errors import RetrievalError
from retrieval.evidence import RANKS
from retrieval.logistic import sigmoid

LEAST_MESSAGES = LEAST_EXAMPLES
SHYEST = 1e-3
MOST_MOVED = 6.0  # of the intercept, in log odds
STEPS = 60


@dataclass(frozen=True, slots=True)
class JudgedMessage:
    """A message that was not known word for word.

    Attributes:
        confidences: of the candidates, falling, as they were given then.
        right_at: place of the right candidate; None when none was.
    """

    language: str
    confidences: tuple[float, ...]
    right_at: int | None


def recalibrated(
    model: ConfidenceModel, messages: Sequence[JudgedMessage], *, target_error: float, unknown_share: float
) -> ConfidenceModel:
    """The model with an intercept and cut-offs that fit the messages; `unknown_share` is what the traffic has.

    Raises:
        RetrievalError: fewer than LEAST_MESSAGES.
    """
    if len(messages) < LEAST_MESSAGES:
        raise RetrievalError(
            f"{len(messages)} judged messages are too few to choose cut-offs on; {LEAST_MESSAGES} are needed"
        )
    best = np.array([each.confidences[0] if each.confidences else 0.0 for each in messages], np.float64)
    moved = _shift(best, right=sum(each.right_at == 0 for each in messages))
    judged = Judged.blank(len(messages))
    for row, message in enumerate(messages):
        raw = sigmoid(_log_odds(np.array(message.confidences[:RANKS], np.float64)) + moved).tolist()
        confidences = settled(raw, len(raw))
        offered = choices_worth_offering(confidences) if confidences else 0
        judged.confidence[row] = confidences[0] if confidences else 0.0
        judged.right[row] = message.right_at == 0
        judged.choices[row] = sum(confidences[:offered])
        judged.among[row] = message.right_at is not None and message.right_at < offered
    languages = np.array([each.language for each in messages])
    every = np.ones(len(messages), bool)
    cutoffs = cutoffs_by_language(languages, judged, every, target_error)
    return replace(
        model,
        weights={**model.weights, "intercept": model.weights["intercept"] + moved},
        surroundings=_second_step(model.surroundings, moved),
        cutoffs={language: found for language, found in cutoffs.items() if language},
        default_cutoffs=cutoffs[""],
        forecasts=forecasts_by_language(languages, judged, every),
        target_error=target_error,
        unknown_share=unknown_share,
    )


def _second_step(weights: Mapping[str, float] | None, moved: float) -> Mapping[str, float] | None:
    """Weights of what traffic tells, so that the log odds behind it move as far: a part comes with the first step's."""
    if weights is None:
        return None
    return {**weights, "intercept": weights["intercept"] + moved * (1 - weights["own"])}


def _shift(confidences: Floats, *, right: int) -> float:
    """What the log odds have to gain so that as many are expected right as are; half a row is added to both kinds."""
    wanted = (right + 0.5) / (len(confidences) + 1) * len(confidences)
    log_odds = _log_odds(confidences)
    low, high = -MOST_MOVED, MOST_MOVED
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if sigmoid(log_odds + middle).sum() < wanted else (low, middle)
    return (low + high) / 2


def _log_odds(confidences: Floats) -> Floats:
    clipped = np.clip(confidences, SHYEST, 1 - SHYEST)
    log_odds: Floats = np.log(clipped / (1 - clipped))
    return log_odds
