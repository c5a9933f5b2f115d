"""Every held-out question as it is judged by a confidence model that has not seen its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate
from retrieval.confidence import ConfidenceModel, cross_fitted, example_weights
from retrieval.confidence_model import Cutoffs, choices_worth_offering
from retrieval.decision import Outcome
from retrieval.evidence import RIVALS
from retrieval.leave_one_out import OUT_OF_SCOPE, Example

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Verdict:
    """An example, its candidates in the judging model's order, and the confidences of the best of them."""

    example: Example
    candidates: tuple[Candidate, ...]
    confidences: tuple[float, ...]
    outcome: Outcome

    @property
    def is_known(self) -> bool:
        return bool(self.example.right)

    @property
    def confidence(self) -> float:
        return self.confidences[0]

    @property
    def given(self) -> str:
        """The best candidate's answer, "" without one."""
        return self.candidates[0].answer_id if self.candidates else ""

    @property
    def is_right(self) -> bool:
        return self.given in self.example.right

    @property
    def is_answered(self) -> bool:
        return self.outcome is Outcome.ANSWERED

    @property
    def left_out(self) -> str:
        """The answer that was taken away before the question was asked, "" where none was."""
        group = self.example.group
        return "" if self.is_known or group.startswith(OUT_OF_SCOPE) else group


def judge(examples: Sequence[Example], model: ConfidenceModel) -> list[Verdict]:
    """The cut-offs are the model's own; the order of candidates and the confidences are cross-fitted."""
    if not examples:
        return []
    fitted = cross_fitted(examples, unknown_share=model.unknown_share)
    rows = zip(examples, fitted.order.tolist(), fitted.confidences.tolist(), strict=True)
    return [_verdict(example, order, confidences, model) for example, order, confidences in rows]


def _verdict(
    example: Example, order: Sequence[int], confidences: Sequence[float], model: ConfidenceModel
) -> Verdict:
    found = example.retrieved.candidates[:RIVALS]
    return Verdict(
        example,
        tuple(found[place] for place in order if place < len(found)),
        tuple(confidences),
        _outcome(confidences, model.cutoffs_for(example.language)),
    )


def _outcome(confidences: Sequence[float], cutoffs: Cutoffs) -> Outcome:
    """As `retrieval.decision.decide`, without the rule for questions that are known word for word."""
    if confidences[0] >= cutoffs.answer_at:
        return Outcome.ANSWERED
    if sum(confidences[: choices_worth_offering(confidences)]) >= cutoffs.clarify_at:
        return Outcome.CLARIFIED
    return Outcome.HANDED_OFF


def shares(known: Flags, unknown_share: float) -> Floats:
    """(n,) which part of all messages each row stands for; together 1, `unknown_share` of it the unknown ones'.

    Where there are known rows only, or unknown ones only, they stand for everything.
    """
    weights = example_weights(known, unknown_share)
    total = weights.sum()
    return weights / total if total else np.full(len(known), 1 / max(len(known), 1))
