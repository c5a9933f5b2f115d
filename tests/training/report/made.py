"""Verdicts made by hand, and reports on small knowledge."""

import numpy as np

from retrieval.candidates import Candidate, Retrieved
from retrieval.confidence import fit_examples
from retrieval.decision import Outcome
from retrieval.leave_one_out import Example
from retrieval.records import Knowledge
from tests.fixtures.fakes import HashEncoder
from training.fitting import Fitted, fit
from training.report.figures import RunFacts, RunReport, report_of
from training.report.verdicts import Verdict

RUN = RunFacts(name="chk_1", made_at="2026-11-22T10:00:00+00:00", backbone="hash", seed=0)


def candidate(answer: str, similarity: float = 0.5) -> Candidate:
    return Candidate(
        answer_id=answer,
        question=f"question of {answer}",
        question_number=1,
        similarity=similarity,
        question_similarity=similarity,
        passage_similarity=-1.0,
        question_standing=2.0,
        passage_standing=2.0,
        question_lexical=0.1,
        passage_lexical=0.1,
        answer_lexical=0.25,
        support=0.5,
        meaning=3.0,
        wording=-1.0,
        exact=False,
        relevance=0.0,
    )


def verdict(
    right: str,
    given: str,
    confidence: float,
    outcome: Outcome = Outcome.ANSWERED,
    *,
    text: str = "",
    language: str = "en",
    group: str = "",
) -> Verdict:
    """`right` and `given` are answers separated by spaces, the given ones by rank."""
    candidates = tuple(candidate(answer) for answer in given.split())
    example = Example(
        Retrieved(np.zeros(2, np.float32), candidates, language, words=3),
        frozenset(right.split()),
        group or right,
        text or f"{right} asked at {confidence}",
    )
    return Verdict(example, candidates, (confidence, 0.05, 0.01), outcome)


def fitted_on(knowledge: Knowledge, out_of_scope: tuple[tuple[str, str], ...] = ()) -> Fitted:
    return fit(HashEncoder(), knowledge, backbone=None, out_of_scope=out_of_scope)


def report_on(fitted: Fitted, knowledge: Knowledge) -> RunReport:
    confidence = fit_examples(fitted.examples, target_error=0.1, unknown_share=0.2, seed=0)
    return report_of(fitted, confidence, knowledge, run=RUN)
