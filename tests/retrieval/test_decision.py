"""Every rule, with a confidence model whose confidences are set by hand."""

from dataclasses import replace
from math import log

import numpy as np
import pytest

from retrieval.candidates import Candidate, Retrieved
from retrieval.confidence_model import (
    EXACT_CONFIDENCE,
    MOST_OF_A_SHARED_QUESTION,
    ConfidenceModel,
    Cutoffs,
    choices_worth_offering,
    default_confidence,
    settled,
)
from retrieval.decision import Outcome, decide
from retrieval.evidence import FEATURES

LEXICAL_ONLY = dict.fromkeys(FEATURES, 0.0) | {"lexical": 1.0}


def candidate(answer_id: str, confidence: float, *, exact: bool = False) -> Candidate:
    """With a lexical share that a model of LEXICAL_ONLY turns into `confidence`."""
    return Candidate(
        answer_id=answer_id,
        question=f"question of {answer_id}",
        question_number=1,
        similarity=0.5,
        question_similarity=0.5,
        passage_similarity=-1.0,
        question_standing=1.0,
        passage_standing=1.0,
        question_lexical=log(confidence / (1 - confidence)),
        passage_lexical=-99.0,
        answer_lexical=log(confidence / (1 - confidence)),
        meaning=0.0,
        wording=0.0,
        support=0.1,
        exact=exact,
        relevance=confidence,
    )


def retrieved(*candidates: Candidate, language: str = "en") -> Retrieved:
    return Retrieved(np.zeros(2, np.float32), candidates, language, 3)


def model() -> ConfidenceModel:
    return replace(
        default_confidence(),
        weights=LEXICAL_ONLY,
        cutoffs={"zh": Cutoffs(0.95, 0.9, 0.8, "language", 100)},
        default_cutoffs=Cutoffs(0.8, 0.5, 0.7, "all", 100),
    )


@pytest.mark.parametrize(
    ("confidences", "outcome", "rule", "answers"),
    [
        ((0.8, 0.1), Outcome.ANSWERED, "confident", ["a0"]),
        ((0.7, 0.1), Outcome.CLARIFIED, "one_likely", ["a0"]),
        ((0.4, 0.3, 0.01), Outcome.CLARIFIED, "between_two", ["a0", "a1"]),
        ((0.3, 0.2, 0.1, 0.05), Outcome.CLARIFIED, "between_three", ["a0", "a1", "a2"]),
        ((0.3, 0.1), Outcome.HANDED_OFF, "nothing_close", []),
        ((0.4, 0.07, 0.07), Outcome.HANDED_OFF, "nothing_close", []),
    ],
)
def test_outcome_follows_from_confidences(
    confidences: tuple[float, ...], outcome: Outcome, rule: str, answers: list[str]
) -> None:
    found = retrieved(*(candidate(f"a{place}", value) for place, value in enumerate(confidences)))
    decision = decide(found, model(), asks_for_person=False)
    assert (decision.outcome, decision.rule) == (outcome, rule)
    assert [item.candidate.answer_id for item in decision.answers] == answers
    assert decision.confidence == pytest.approx(confidences[0])


def test_wish_for_a_person_beats_everything() -> None:
    decision = decide(retrieved(candidate("a", 0.99, exact=True)), model(), asks_for_person=True)
    assert (decision.outcome, decision.rule, decision.answers) == (
        Outcome.HANDED_OFF,
        "asked_for_person",
        (),
    )


def test_empty_knowledge_hands_off() -> None:
    decision = decide(retrieved(), model(), asks_for_person=False)
    assert (decision.outcome, decision.rule, decision.confidence) == (
        Outcome.HANDED_OFF,
        "empty_knowledge",
        0.0,
    )


def test_cutoffs_are_those_of_the_language() -> None:
    found = retrieved(candidate("a", 0.9), language="zh")
    assert decide(found, model(), asks_for_person=False).rule == "one_likely"
    assert decide(replace(found, language="en"), model(), asks_for_person=False).rule == "confident"


def test_question_known_word_for_word_is_answered_below_the_cutoff() -> None:
    decision = decide(
        retrieved(candidate("a", 0.3, exact=True), candidate("b", 0.2)), model(), asks_for_person=False
    )
    assert (decision.outcome, decision.rule) == (Outcome.ANSWERED, "known_question")
    assert decision.confidence == pytest.approx(EXACT_CONFIDENCE)


def test_known_question_has_the_confidence_that_known_questions_deserve() -> None:
    found = retrieved(candidate("a", 0.999, exact=True), candidate("b", 0.01))
    assert model().confidences(found)[0] == pytest.approx(EXACT_CONFIDENCE)


def test_question_known_with_two_answers_is_decided_by_confidence() -> None:
    found = retrieved(candidate("a", 0.4, exact=True), candidate("b", 0.4, exact=True))
    assert decide(found, model(), asks_for_person=False).rule == "between_two"
    sure = retrieved(candidate("a", 0.99, exact=True), candidate("b", 0.01, exact=True))
    assert model().confidences(sure) == pytest.approx((MOST_OF_A_SHARED_QUESTION, 0.01))


def test_settled_confidences_fall_and_sum_to_one_at_most() -> None:
    assert settled([0.5, 0.6, 0.1], 5) == pytest.approx((0.5, 0.5 * 0.5 / 0.6, 0.1 * 0.5 / 0.6, 0.0, 0.0))
    assert settled([0.2, 0.1], 2) == (0.2, 0.1)
    assert settled([], 0) == ()


def test_choices_are_offered_while_a_fifth_as_likely_as_the_best() -> None:
    assert choices_worth_offering((0.5, 0.1, 0.09)) == 2
    assert choices_worth_offering((0.3, 0.3, 0.3, 0.3)) == 3
    assert choices_worth_offering((0.9,)) == 1
