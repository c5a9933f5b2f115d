"""What unlabelled messages tell about traffic: how many of them no answer covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Retrieved
from retrieval.confidence import ConfidenceModel, cross_fitted_confidences
from retrieval.fusion import reordered
from retrieval.leave_one_out import Example
from retrieval.traffic import without_traffic
from retrieval.unknown_share import LEAST_ROWS, Evidence, error_of_folds, estimate_unknown_share
from training.fitting import Fitted
from training.surroundings import LIKELY_SHARE, judge_of

MOST_BARE_SHARE = 0.5

Floats = NDArray[np.float64]


def estimate_share(fitted: Fitted, alone: Sequence[Retrieved], *, times: Sequence[int]) -> float | None:
    """The share of unknown messages, by the confidence of the best candidate of each, looked at by itself.

    Not by what other messages tell of it: in mock installations unknown questions are of answers that were left out, whose customers are as
    many as before, and so lie amid more unknown messages than other unknown ones do. On twelve mock companies and the demo company with a share of .5 that led to
    .47 in the mean, without it to .51 (of messages with a share of .2 to .21 and .26, of .8 to .75 and .77).

    How far one quarter of left-out answers is from the others tells how wrong the estimate can be for a reason that no number of messages
    mends, and is held against it (`error_of_folds`).

    Only examples that are out of scope by label count as unknown where there are enough of them. Left-out answers
    leave questions that are closer to the knowledge than most unknown ones: on clinc150 (validation rows, true shares
    0, 0.10, 0.18, 0.30) they led to 0.16, 0.32, 0.40, 0.53, a hundred labelled rows to 0.01, 0.12, 0.18, 0.31.

    Where answers have one question each, nearness alone is asked, and bare examples show how near known questions are. A company's
    own wording is nearer to its texts than its customers' is, so that known messages come out as unknown: no more than
    an even share is believed.

    Args:
        alone: what was found for each different message, whether or not with its surroundings.
        times: how often each of them was said.

    Returns:
        None where it cannot be told.
    """
    examples = [_alone(example) for example in fitted.examples if example.retrieved.candidates]
    found = [
        (without_traffic(each), count) for each, count in zip(alone, times, strict=True) if each.candidates
    ]
    asked, said = [each for each, _ in found], np.array([count for _, count in found], np.float64)
    known = np.array([bool(example.right) for example in examples], bool)
    if int(known.sum()) < LEAST_ROWS:
        return _bare_share(fitted, asked, said, [each.retrieved for each in examples if not each.right])
    judge = fitted.judge or judge_of(examples)
    sizes = _Sizes(fitted, judge)
    confidences = cross_fitted_confidences(examples, unknown_share=LIKELY_SHARE)
    history = Evidence.once(_logits(confidences), sizes.of([example.retrieved for example in examples]))
    sure = np.array([judge.confidences(reordered(each, judge.fusion))[0] for each in asked])
    messages = Evidence(_logits(sure), sizes.of(asked), said)
    if fitted.out_of_scope >= LEAST_ROWS:
        unknown = np.array([example.is_out_of_scope for example in examples], bool)
        return estimate_unknown_share(messages, known=history.only(known), unknown=history.only(unknown))
    return estimate_unknown_share(
        messages,
        known=history.only(known),
        unknown=history.only(~known),
        error=error_of_folds(history, known, _folds(fitted)),
    )


def _bare_share(
    fitted: Fitted, asked: Sequence[Retrieved], said: Floats, unknown: Sequence[Retrieved]
) -> float | None:
    bare = [
        example.retrieved for mock in fitted.mocks for example in mock.bare if example.retrieved.candidates
    ]
    sizes = _Sizes(fitted, fitted.judge or judge_of(()))
    near = Evidence(_standings(asked), sizes.of(asked), said)
    kinds = [Evidence.once(_standings(found), sizes.of(found)) for found in (bare, unknown)]
    share = estimate_unknown_share(near, known=kinds[0], unknown=kinds[1])
    return None if share is None else min(share, MOST_BARE_SHARE)


def _alone(example: Example) -> Example:
    return replace(example, retrieved=without_traffic(example.retrieved))


def _folds(fitted: Fitted) -> NDArray[np.intp]:
    """(n,) the number of the mock installation that each of the examples with candidates comes from; all 0 without any."""
    sizes = [sum(bool(each.retrieved.candidates) for each in mock.examples) for mock in fitted.mocks]
    if not sizes:
        return np.zeros(sum(bool(each.retrieved.candidates) for each in fitted.examples), np.intp)
    return np.repeat(np.arange(len(sizes)), sizes)


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
