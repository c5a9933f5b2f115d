"""Probable label errors, by confident learning (Northcutt, Jiang, Chuang 2021, "Confident learning: estimating uncertainty in
dataset labels", arXiv:1911.00068, section 3.1).

Every question is judged by a classifier that has seen neither it nor its near-duplicates. It is listed where another answer
is both more probable than the given one and at least as probable as that answer is, on average, for its own
questions. A text that is a question of several answers is always listed, under all but the most probable of them.

Less doubt than LEAST_DOUBT is not listed: on BANKING77's training rows it was as often a borderline question as an error, and where
the vectors tell nothing at all, the rule alone lists everything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.near_duplicates import near_duplicate_key
from retrieval.normalize import fold as fold_text
from retrieval.records import QuestionRecord
from training.discriminant import Block, Judge, Labels, Rows, cross_judges, probabilities, sharpest
from training.splits import FOLDS, share_of

LEAST_SEEN = 3  # questions of an answer; with fewer it is neither suspected nor suggested
LEAST_DOUBT = 0.5
EVEN_DOUBT = 0.01  # of a text whose answers look equally probable

_Suspects = dict[
    int, tuple[int, float]
]  # row → column of the answer that it rather belongs to, and the doubt


@dataclass(frozen=True, slots=True)
class LabelIssue:
    """A question that probably belongs to another answer.

    Attributes:
        number: the question's.
        given, suggested: answer ids.
        doubt: P(suggested) - P(given), above 0 and at most 1; below LEAST_DOUBT only for a text of several answers.
    """

    number: int
    given: str
    suggested: str
    doubt: float


@dataclass(frozen=True, slots=True)
class _Contradiction:
    """The rows of one text, and the columns of all answers it is a question of."""

    rows: list[int]
    rivals: Labels


def find_label_issues(
    questions: Sequence[QuestionRecord], vectors: Rows, *, seed: int
) -> tuple[LabelIssue, ...]:
    """By falling doubt; `vectors` are the questions' (n, d) frozen unit rows."""
    answers = sorted({question.answer_id for question in questions})
    if len(answers) < 2:
        return ()
    columns = {answer: column for column, answer in enumerate(answers)}
    labels = np.array([columns[question.answer_id] for question in questions], np.int64)
    judges = cross_judges(vectors, labels, _folds(questions, seed))
    found = _suspects(vectors, labels, judges, _contradictions(questions, labels))
    issues = (
        LabelIssue(questions[row].number, questions[row].answer_id, answers[column], doubt)
        for row, (column, doubt) in found.items()
    )
    return tuple(sorted(issues, key=lambda issue: (-issue.doubt, issue.number)))


def _folds(questions: Sequence[QuestionRecord], seed: int) -> Labels:
    shares = [share_of(near_duplicate_key(q.text), salt=f"label errors {seed}") for q in questions]
    return (np.array(shares) * FOLDS).astype(np.int64)


def _contradictions(questions: Sequence[QuestionRecord], labels: Labels) -> list[_Contradiction]:
    rows_by_text: dict[str, list[int]] = defaultdict(list)
    for row, question in enumerate(questions):
        rows_by_text[fold_text(question.text)].append(row)
    found = (_Contradiction(rows, np.unique(labels[rows])) for rows in rows_by_text.values())
    return [each for each in found if len(each.rivals) > 1]


def _suspects(
    vectors: Rows, labels: Labels, judges: Sequence[Judge], contradictions: Sequence[_Contradiction]
) -> _Suspects:
    sharpness = sharpest(vectors, labels, judges)
    own = np.zeros(len(labels))
    for block in probabilities(vectors, judges, sharpness):
        own[block.rows] = _given(block, labels)
    counts = np.bincount(labels)
    usual = np.bincount(labels, weights=own) / counts  # (c,)
    # Copies of a text have one vector and one judge: the first one's probabilities are those of all.
    first_rows = {each.rows[0]: each for each in contradictions}
    told = {row: np.zeros(len(each.rivals)) for row, each in first_rows.items()}
    found: _Suspects = {}
    for block in probabilities(vectors, judges, sharpness):
        found |= _improbable(block, labels, usual)
        for place, row in enumerate(block.rows.tolist()):
            if row in told:
                told[row] = block.chances[place, first_rows[row].rivals].astype(np.float64)
    for row, each in first_rows.items():
        found |= _less_probable(each, told[row], labels, counts)
    return found


def _given(block: Block, labels: Labels) -> Rows:
    given: Rows = block.chances[np.arange(len(block.rows)), labels[block.rows]]
    return given


def _improbable(block: Block, labels: Labels, usual: NDArray[np.float64]) -> _Suspects:
    given = _given(block, labels)
    known = block.seen >= LEAST_SEEN
    likely = (block.chances >= usual) & (block.chances > given[:, None]) & known
    best = np.where(likely, block.chances, -1.0).argmax(axis=1)
    doubts = block.chances[np.arange(len(best)), best] - given
    listed = likely.any(axis=1) & known[labels[block.rows]] & (doubts >= LEAST_DOUBT)
    return {
        int(block.rows[place]): (int(best[place]), float(doubts[place])) for place in np.flatnonzero(listed)
    }


def _less_probable(
    contradiction: _Contradiction, chances: NDArray[np.float64], labels: Labels, counts: Labels
) -> _Suspects:
    """All copies but those of the most probable answer, or of the largest one where nothing tells."""
    rivals = contradiction.rivals.tolist()
    chance = dict(zip(rivals, chances.tolist(), strict=True))
    best = max(rivals, key=lambda column: (chance[column], int(counts[column]), -column))
    return {
        row: (best, max(chance[best] - chance[int(labels[row])], EVEN_DOUBT))
        for row in contradiction.rows
        if labels[row] != best
    }
