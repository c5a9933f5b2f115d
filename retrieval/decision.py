"""From confidences to what happens. Pure: service, benchmark and gate decide by this very function."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from retrieval.candidates import Candidate, Retrieved
from retrieval.confidence_model import ConfidenceModel, choices_worth_offering, known_question


class Outcome(StrEnum):
    """What the bot does with an utterance."""

    ANSWERED = "answered"
    CLARIFIED = "clarified"
    COMPOSED = "composed"
    HANDED_OFF = "handed_off"


@dataclass(frozen=True, slots=True)
class ScoredCandidate:
    """A candidate and the probability that it is the right answer."""

    candidate: Candidate
    confidence: float


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome with its reason.

    Attributes:
        answers: the answer (answered), the choices (clarified), nothing (handed off).
        scored: all candidates.
        confidence: of the best candidate, 0 without one.
        rule: slug of the rule that decided: "asked_for_person", "empty_knowledge",
            "known_question", "confident", "one_likely", "between_two", "between_three" or "nothing_close".
    """

    outcome: Outcome
    answers: tuple[ScoredCandidate, ...]
    scored: tuple[ScoredCandidate, ...]
    confidence: float
    rule: str


_CHOICE_RULES = {1: "one_likely", 2: "between_two", 3: "between_three"}
RULES_BY_EVIDENCE = frozenset({"known_question", "confident", *_CHOICE_RULES.values(), "nothing_close"})
"""Rules after which another release may come to another decision."""


def decide(retrieved: Retrieved, confidence_model: ConfidenceModel, *, asks_for_person: bool) -> Decision:
    """Answer, ask back or hand off. A wish for a person is always obeyed."""
    scored = tuple(
        ScoredCandidate(candidate, confidence)
        for candidate, confidence in zip(
            retrieved.candidates, confidence_model.confidences(retrieved), strict=True
        )
    )
    best = scored[0].confidence if scored else 0.0
    if asks_for_person:
        return Decision(Outcome.HANDED_OFF, (), scored, best, "asked_for_person")
    if not scored:
        return Decision(Outcome.HANDED_OFF, (), (), 0.0, "empty_knowledge")
    if known_question(retrieved):
        return Decision(Outcome.ANSWERED, scored[:1], scored, best, "known_question")
    cutoffs = confidence_model.cutoffs_for(retrieved.language)
    if best >= cutoffs.answer_at:
        return Decision(Outcome.ANSWERED, scored[:1], scored, best, "confident")
    choices = scored[: choices_worth_offering([item.confidence for item in scored])]
    if sum(item.confidence for item in choices) >= cutoffs.clarify_at:
        return Decision(Outcome.CLARIFIED, choices, scored, best, _CHOICE_RULES[len(choices)])
    return Decision(Outcome.HANDED_OFF, (), scored, best, "nothing_close")
