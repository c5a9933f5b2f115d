"""The report's tables: what happened to the held-out questions, by language and by answer, and what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.candidates import Candidate
from retrieval.confidence_model import Cutoffs
from retrieval.decision import Outcome
from training.report.verdicts import Floats, Verdict, shares

MOST_TOPICS, MOST_PAIRS, MOST_MISTAKES, MOST_INTRUDERS = 20, 15, 50, 20


@dataclass(frozen=True, slots=True)
class GroupRow:
    """Held-out questions of one language, or of all ("").

    Attributes:
        known, unknown: how many of them have an answer, and have none.
        right_first: of the known ones; None without any.
        coverage, error: share of all messages answered, and of wrong ones among these.
        unknown_answered: of the unknown ones; None without any.
        answer_at: the cut-off; None where each language has its own.
        basis: what it rests on (`retrieval.confidence_model.Cutoffs`).
    """

    language: str
    known: int
    unknown: int
    right_first: float | None
    coverage: float
    error: float
    clarified: float
    handed_off: float
    unknown_answered: float | None
    answer_at: float | None
    basis: str


@dataclass(frozen=True, slots=True)
class TopicRow:
    """Held-out questions of one answer.

    Attributes:
        questions: approved questions of the answer, held out or not.
        asked, right_first, answered, wrong: held-out ones, and how many of these were right first, answered, answered wrongly.
        intruded: how often questions of other answers, or of none, were answered with it.
    """

    answer: str
    questions: int
    asked: int
    right_first: int
    answered: int
    wrong: int
    intruded: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """Two answers that are taken for each other; `asked` counts the held-out questions of both.

    `first_for_second` were questions of the second that found the first, with one of them as the example.
    """

    first: str
    second: str
    first_for_second: int
    second_for_first: int
    asked: int
    example: str

    @property
    def count(self) -> int:
        return self.first_for_second + self.second_for_first


@dataclass(frozen=True, slots=True)
class Evidence:
    """What spoke for an answer; see `retrieval.candidates.Candidate`. `confidence` None below the best three."""

    answer: str
    question: str
    rank: int
    confidence: float | None
    similarity: float
    words: float
    support: float
    meaning: float
    wording: float


@dataclass(frozen=True, slots=True)
class Mistake:
    """A question that got a wrong best guess.

    Attributes:
        right: the right answers; none for an unknown question.
        left_out: of an unknown question the answer that was taken away; "" where it is out of scope by label.
        given, expected: evidence for the guess and for the best right answer, where it is among the candidates.
    """

    text: str
    language: str
    outcome: str
    right: tuple[str, ...]
    left_out: str
    given: Evidence
    expected: Evidence | None


def group_row(
    language: str, verdicts: Sequence[Verdict], *, unknown_share: float, cutoffs: Cutoffs | None
) -> GroupRow:
    """Coverage and errors count unknown questions as `unknown_share` of all."""
    known = np.array([verdict.is_known for verdict in verdicts], bool)
    right = np.array([verdict.is_right for verdict in verdicts], bool)
    weights = shares(known, unknown_share)
    answered = _having(verdicts, Outcome.ANSWERED)
    coverage = float(weights @ answered)
    return GroupRow(
        language=language,
        known=int(known.sum()),
        unknown=int((~known).sum()),
        right_first=float(right[known].mean()) if known.any() else None,
        coverage=coverage,
        error=float(weights @ (answered * ~right)) / coverage if coverage else 0.0,
        clarified=float(weights @ _having(verdicts, Outcome.CLARIFIED)),
        handed_off=float(weights @ _having(verdicts, Outcome.HANDED_OFF)),
        unknown_answered=float(answered[~known].mean()) if (~known).any() else None,
        answer_at=None if cutoffs is None else cutoffs.answer_at,
        basis="" if cutoffs is None else cutoffs.basis,
    )


def _having(verdicts: Sequence[Verdict], outcome: Outcome) -> Floats:
    return np.array([verdict.outcome is outcome for verdict in verdicts], np.float64)


def topic_rows(verdicts: Sequence[Verdict], questions: Mapping[str, int]) -> tuple[TopicRow, ...]:
    """The answers with most questions; of equally large ones those that do worst come first."""
    asked, right, answered, wrong, intruded = (Counter[str]() for _ in range(5))
    for verdict in verdicts:
        for answer in verdict.example.right:
            asked[answer] += 1
            right[answer] += verdict.is_right
            answered[answer] += verdict.is_answered
            wrong[answer] += verdict.is_answered and not verdict.is_right
        intruded[verdict.given] += verdict.is_answered and not verdict.is_right
    rows = (
        TopicRow(each, count, asked[each], right[each], answered[each], wrong[each], intruded[each])
        for each, count in questions.items()
    )
    return tuple(
        sorted(rows, key=lambda row: (-row.questions, row.right_first / max(row.asked, 1), row.answer))
    )[:MOST_TOPICS]


def confusions(verdicts: Sequence[Verdict]) -> tuple[Confusion, ...]:
    """Pairs of answers by how often one came first where the other was right."""
    asked = Counter(answer for verdict in verdicts for answer in verdict.example.right)
    taken: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], tuple[float, str]] = {}
    for verdict in verdicts:
        if not verdict.is_known or verdict.is_right or not verdict.given:
            continue
        right = min(verdict.example.right)
        pair = min(right, verdict.given), max(right, verdict.given)
        taken[verdict.given, right] += 1
        examples[pair] = max(examples.get(pair, (0.0, "")), (verdict.confidence, verdict.example.text))
    found = (
        Confusion(a, b, taken[a, b], taken[b, a], asked[a] + asked[b], example)
        for (a, b), (_, example) in examples.items()
    )
    return tuple(sorted(found, key=lambda each: (-each.count, each.asked, each.first, each.second)))[
        :MOST_PAIRS
    ]


def worst_mistakes(verdicts: Sequence[Verdict]) -> tuple[Mistake, ...]:
    """Wrong best guesses for questions that have an answer, by falling confidence."""
    return _worst([each for each in verdicts if each.is_known and not each.is_right], MOST_MISTAKES)


def likeliest_intruders(verdicts: Sequence[Verdict]) -> tuple[Mistake, ...]:
    """Unknown questions that look most like known ones; apart, as they would crowd out the other mistakes."""
    return _worst([each for each in verdicts if not each.is_known], MOST_INTRUDERS)


def _worst(verdicts: Sequence[Verdict], most: int) -> tuple[Mistake, ...]:
    guessed = [verdict for verdict in verdicts if verdict.given]
    guessed.sort(key=lambda verdict: (-verdict.confidence, verdict.example.text))
    return tuple(_mistake(verdict) for verdict in guessed[:most])


def _mistake(verdict: Verdict) -> Mistake:
    example = verdict.example
    ranked = list(enumerate(verdict.candidates))
    right = ((place, each) for place, each in ranked if each.answer_id in example.right)
    expected = next(right, None)
    return Mistake(
        text=example.text,
        language=example.language,
        outcome=str(verdict.outcome),
        right=tuple(sorted(example.right)),
        left_out=verdict.left_out,
        given=_evidence(verdict, *ranked[0]),
        expected=None if expected is None else _evidence(verdict, *expected),
    )


def _evidence(verdict: Verdict, place: int, candidate: Candidate) -> Evidence:
    return Evidence(
        answer=candidate.answer_id,
        question=candidate.question,
        rank=place + 1,
        confidence=verdict.confidences[place] if place < len(verdict.confidences) else None,
        similarity=candidate.similarity,
        words=candidate.answer_lexical,
        support=candidate.support,
        meaning=candidate.meaning,
        wording=candidate.wording,
    )
