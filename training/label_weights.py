"""How much a question counts in training: by who said that it belongs to its answer, and by how doubtful that looks.

By source: the trust that the export gives each question, else that of its source; set by hand, since no public set has
sources to measure on.
By size: where one answer has many more questions than another, its questions count a little less each (`by_size`).
By doubt: 0.5 down to 0.1, and only where more than DIRTY of the questions are doubtful. On clean data those are
borderline questions rather than errors, and weighing them down costs accuracy: docs/recipe.md. What an
operator said counts in full whatever it looks like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.records import QuestionRecord
from training.label_errors import LabelIssue

OPERATOR = "operator"
SOURCE_WEIGHTS: Mapping[str, float] = {
    OPERATOR: 1.0,
    "import": 1.0,
    "agent_reply": 0.9,
    "visitor_choice": 0.7,
    "visitor_agreement": 0.5,
    "mined": 0.7,
}
"""Questions without a source, or with an unknown one, count 1."""

VISITORS = frozenset({"visitor_choice", "visitor_agreement"})
LEAST_FAIR = 300  # questions: BANKING77 has hardly more with five of each intent, and a sound confidence
DIRTY = 0.05  # share of doubtful questions
# An answer's questions count size^-1/4 each. Training rows of MultiDoGO (3 to 4,478 questions an intent), a hashed third held out in turn, meaning and
# wording together, exponents 0, 1/4, 1/2 and 1: software accuracy 91.3, 91.5, 91.3, 89.6, macro-F1 71.9, 74.9, 74.7, 73.6; media 94.5, 94.6, 94.5,
# 88.7 and 66.8, 69.4, 69.1, 63.8.
SIZE_EXPONENT = -0.25


def question_weights(
    questions: Sequence[QuestionRecord],
    issues: Sequence[LabelIssue],
    sources: Mapping[int, str],
    trust: Mapping[int, float] | None = None,
) -> NDArray[np.float32]:
    """(n,) weights, 1 on average; `sources` and `trust` by question number."""
    trusted = trust or {}
    doubts = {issue.number: issue.doubt for issue in issues}
    if len(doubts) <= DIRTY * len(questions):
        doubts = {}
    weights = np.array(
        [_weight(sources.get(q.number, ""), trusted.get(q.number), doubts.get(q.number)) for q in questions]
    )
    normalised: NDArray[np.float32] = (weights / weights.mean()).astype(np.float32)
    return normalised


def fair_to_ask(
    questions: Sequence[QuestionRecord], issues: Sequence[LabelIssue], sources: Mapping[int, str]
) -> frozenset[int]:
    """Numbers of the questions that the confidence may be fitted on.

    Where a label is wrong, a bot that is right would count as wrong. So where much is doubtful, visitors' labels are left out, if there are
    LEAST_FAIR others, and of what is left the most doubtful questions above the usual share: they are more likely mistaken than hard.
    What an operator said stays whatever it looks like.
    """
    fair = {q.number for q in questions}
    if len(issues) > DIRTY * len(questions):
        others = {number for number in fair if sources.get(number) not in VISITORS}
        fair = others if len(others) >= LEAST_FAIR else fair
    doubtful = [
        each.number for each in issues if each.number in fair and sources.get(each.number) != OPERATOR
    ]
    return frozenset(fair.difference(doubtful[: max(0, len(doubtful) - int(DIRTY * len(fair)))]))


def by_size(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """(n,) how much each question counts by the size of its answer, 1 on average; `labels` 0 to c - 1."""
    weights = np.bincount(labels)[labels] ** SIZE_EXPONENT
    normalised: NDArray[np.float32] = (weights / weights.mean()).astype(np.float32)
    return normalised


def _weight(source: str, trust: float | None, doubt: float | None) -> float:
    weight = SOURCE_WEIGHTS.get(source, 1.0) if trust is None else trust
    if doubt is None or source == OPERATOR:
        return weight
    return weight * min(0.5, 0.9 - 0.8 * doubt)
