"""What unlabelled messages tell about traffic: how many of them no answer covers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Retrieved
from retrieval.confidence import ConfidenceModel, cross_fitted_confidences
from retrieval.fusion import reordered
from retrieval.unknown_share import LEAST_ROWS, Evidence, estimate_unknown_share
from training.fitting import Fitted

UNESTIMATED_SHARE = 0.5

Floats = NDArray[np.float64]


def estimate_share(
    fitted: Fitted, found: Sequence[Retrieved], model: ConfidenceModel, *, labelled: int
) -> float | None:
    """The mean of what two numbers say: how near the nearest answer is, and the confidence of the best one.

    The first errs where unknown questions are nearer than left-out answers' (they come out as known), the second where
    they are farther. On 18 development sets with true shares of 0.05, 0.2, 0.5 and 0.8 the mean was off by 0.15, 0.14,
    0.11 and 0.13, nearness by 0.18, 0.18, 0.17 and 0.17, confidence by 0.13, 0.15, 0.14 and 0.15 (all messages in one stratum).

    Only the last `labelled` examples, which are out of scope by label, count as unknown where there are enough of them. Left-out answers
    leave questions that are closer to the knowledge than most unknown ones: on clinc150 (validation rows, true shares
    0, 0.10, 0.18, 0.30) they led to 0.16, 0.32, 0.40, 0.53, a hundred labelled rows to 0.01, 0.12, 0.18, 0.31.

    Where answers have one question each, nearness alone is asked, and bare examples show how near known questions are. A company's
    own wording is nearer to its texts than its customers' is, so that known messages come out as unknown: no more than
    an even share is believed.
    """
    sizes = _Sizes(fitted, model)
    asked = [row for row in found if row.candidates]
    examples = [example for example in fitted.examples if example.retrieved.candidates]
    history = [example.retrieved for example in examples]
    known = np.array([bool(example.right) for example in examples], bool)
    unknown = ~known
    if labelled >= LEAST_ROWS:
        unknown = np.arange(len(examples)) >= len(examples) - labelled
    is_fitted = int(known.sum()) >= LEAST_ROWS
    bare = [
        example.retrieved for mock in fitted.mocks for example in mock.bare if example.retrieved.candidates
    ]
    nearness = Evidence(_standings(history), sizes.of(history))
    estimates = [
        estimate_unknown_share(
            Evidence(_standings(asked), sizes.of(asked)),
            known=nearness.only(known) if is_fitted else Evidence(_standings(bare), sizes.of(bare)),
            unknown=nearness.only(unknown),
        )
    ]
    if is_fitted:
        sure = np.array([model.confidences(reordered(row, model.fusion))[0] for row in asked])
        judged = Evidence(
            _logits(cross_fitted_confidences(examples, unknown_share=model.unknown_share)), nearness.questions
        )
        estimates.append(
            estimate_unknown_share(
                Evidence(_logits(sure), sizes.of(asked)),
                known=judged.only(known),
                unknown=judged.only(unknown),
            )
        )
    usable = [estimate for estimate in estimates if estimate is not None]
    if not usable:
        return None
    share = float(np.mean(usable))
    return share if is_fitted else min(share, UNESTIMATED_SHARE)


class _Sizes:
    """How many questions the best candidate of a search has."""

    def __init__(self, fitted: Fitted, model: ConfidenceModel) -> None:
        self._numbers = fitted.retriever.view.question_numbers
        self._fusion = model.fusion

    def of(self, found: Sequence[Retrieved]) -> Floats:
        best = [reordered(row, self._fusion).candidates[0].answer_id for row in found]
        return np.array([len(self._numbers.get(answer, ())) for answer in best], np.float64)


def _standings(found: Sequence[Retrieved]) -> Floats:
    return np.array([row.best_standing for row in found], np.float64)


def _logits(confidences: Floats) -> Floats:
    clipped = np.clip(confidences, 1e-4, 1 - 1e-4)
    logits: Floats = np.log(clipped / (1 - clipped))
    return logits
