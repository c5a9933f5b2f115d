"""How simple methods do on the same held-out questions, each within the same mock installation.

What they compare with is what the mock installation knows. Nothing is encoded: the frozen methods take the vectors that
the mock installation's index and the examples already hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.candidates import Candidate
from retrieval.leave_one_out import Example
from training.evaluation import baselines
from training.evaluation.baselines import Corpus
from training.evaluation.metrics import auroc
from training.report.curves import MethodRow, hindsight, risk_coverage
from training.report.verdicts import Verdict, shares
from training.school import MockInstallation

KEFU = "Kefu"
NEAREST, LARGER = "Frozen encoder, nearest question", "Frozen encoder, nearer of question and answer text"
SVC, BM25 = "TF-IDF and linear SVM", "BM25 over questions"
# Answers times questions of a mock installation: a machine per answer looks at all of them. The demo company's 140,000 take
# half a second on a busy core; above this the report would make training much longer.
MOST_SVC = 1_000_000


@dataclass(frozen=True, slots=True)
class _Guess:
    """The first answer of a method, and how sure it is of it in a unit of its own."""

    answer: str
    sureness: float


def compare(
    verdicts: Sequence[Verdict],
    mocks: Sequence[MockInstallation],
    *,
    unknown_share: float,
    target_error: float,
) -> tuple[MethodRow, ...]:
    """Kefu first. Without mock installations only the frozen methods can be compared, by the candidates found.

    `verdicts` are on the examples of `mocks` in their order.
    """
    examples = [verdict.example for verdict in verdicts]
    if not any(example.right for example in examples):
        return ()
    guesses = {KEFU: [_Guess(verdict.given, verdict.confidence) for verdict in verdicts]}
    guesses |= _of_mocks(mocks) if mocks else _of_candidates(examples)
    return tuple(
        _row(name, found, examples, unknown_share=unknown_share, target_error=target_error)
        for name, found in guesses.items()
    )


def _row(
    name: str,
    guesses: Sequence[_Guess],
    examples: Sequence[Example],
    *,
    unknown_share: float,
    target_error: float,
) -> MethodRow:
    known = np.array([bool(example.right) for example in examples], bool)
    right = np.array([g.answer in e.right for g, e in zip(guesses, examples, strict=True)], bool)
    sureness = np.array([guess.sureness for guess in guesses])
    weights = shares(known, unknown_share)
    return MethodRow(
        name=name,
        right_first=float(right[known].mean()),
        known_auroc=None if known.all() else auroc(sureness, known),
        hindsight=hindsight(sureness, right, weights, error=target_error),
        curve=risk_coverage(sureness, right, weights),
    )


def _of_mocks(mocks: Sequence[MockInstallation]) -> dict[str, list[_Guess]]:
    """Guesses of the methods that every mock installation can carry."""
    by_mock = [dict(_in_mock(mock)) for mock in mocks if mock.examples]
    return {
        name: [guess for found in by_mock for guess in found[name]]
        for name in (by_mock[0] if by_mock else ())
        if all(name in found for found in by_mock)
    }


def _in_mock(mock: MockInstallation) -> Iterator[tuple[str, list[_Guess]]]:
    view = mock.retriever.view
    questions = [view.questions[number] for number in sorted(view.questions)]
    owners = [question.answer_id for question in questions]
    texts = [example.text for example in mock.examples]
    vectors = np.stack([example.retrieved.vector for example in mock.examples])
    corpus = Corpus(
        [q.text for q in questions], owners, chinese=any(question.language == "zh" for question in questions)
    )
    yield NEAREST, _guesses(baselines.frozen_nearest(mock.retriever, vectors))
    if view.passages:
        yield LARGER, _guesses(baselines.frozen_larger(mock.retriever, vectors))
    if len(set(owners)) > 1 and len(owners) * len(set(owners)) <= MOST_SVC:
        yield SVC, _guesses(baselines.linear_svc(corpus, texts))
    yield BM25, _guesses(baselines.bm25(corpus, texts))


def _guesses(ranking: baselines.Ranking) -> list[_Guess]:
    rows = zip(ranking.answers, ranking.sureness, strict=True)
    return [_Guess(answers[0], sureness) for answers, sureness in rows]


def _of_candidates(examples: Sequence[Example]) -> dict[str, list[_Guess]]:
    """The question left out is not among them; an answer that is not among the best six is not seen."""
    return {
        NEAREST: [
            _best([(c.question_similarity, c) for c in each.retrieved.candidates]) for each in examples
        ],
        LARGER: [_best([(c.similarity, c) for c in each.retrieved.candidates]) for each in examples],
    }


def _best(candidates: Sequence[tuple[float, Candidate]]) -> _Guess:
    if not candidates:
        return _Guess("", -1.0)
    similarity, best = max(candidates, key=lambda each: each[0])
    return _Guess(best.answer_id, similarity)
