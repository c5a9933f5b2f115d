"""From confidences to what happens. Pure: service, benchmark and gate decide by this very function."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from retrieval.candidates import Candidate, Retrieved
from retrieval.composition import Composition
from retrieval.composition_confidence import JudgedComposition, composed_at, judged_composition
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
        answers: the answer (answered), the choices (clarified), nothing (composed, handed off).
        scored: all candidates.
        confidence: of the composition where it is the reply, else of the best candidate, 0 without one.
        rule: slug of the rule that decided: "asked_for_person", "empty_knowledge",
            "known_question", "confident", "composed_from_sources", "one_likely", "between_two", "between_three" or
            "nothing_close".
        composition: what could be composed where no answer is confident, whether or not it became the reply.
    """

    outcome: Outcome
    answers: tuple[ScoredCandidate, ...]
    scored: tuple[ScoredCandidate, ...]
    confidence: float
    rule: str
    composition: Composition | None = None


_CHOICE_RULES = {1: "one_likely", 2: "between_two", 3: "between_three"}
COMPOSED_RULE = "composed_from_sources"
RULES_BY_EVIDENCE = frozenset(
    {"known_question", "confident", COMPOSED_RULE, *_CHOICE_RULES.values(), "nothing_close"}
)
"""Rules after which another release may come to another decision."""


def decide(
    retrieved: Retrieved,
    confidence_model: ConfidenceModel,
    *,
    asks_for_person: bool,
    judged: tuple[JudgedComposition, ...] = (),
) -> Decision:
    """Answer, compose, ask back or hand off. A wish for a person is always obeyed.

    `judged` are earlier composed replies of the same company.

    An approved answer that is confident comes before anything composed. A composed reply comes before a question back when it is
    likelier to hold what was asked than the choices are: it then helps more often, and at once.
    """
    scored = tuple(
        ScoredCandidate(candidate, confidence)
        for candidate, confidence in zip(
            retrieved.candidates, confidence_model.confidences(retrieved), strict=True
        )
    )
    best = scored[0].confidence if scored else 0.0
    if asks_for_person:
        return Decision(Outcome.HANDED_OFF, (), scored, best, "asked_for_person")
    if scored and known_question(retrieved):
        return Decision(Outcome.ANSWERED, scored[:1], scored, best, "known_question")
    cutoffs = confidence_model.cutoffs_for(retrieved.language)
    if scored and best >= cutoffs.answer_at:
        return Decision(Outcome.ANSWERED, scored[:1], scored, best, "confident")
    composition = judged_composition(retrieved, unknown_share=confidence_model.unknown_share)
    choices = scored[: choices_worth_offering([item.confidence for item in scored])]
    offered = sum(item.confidence for item in choices)
    clarifies = bool(choices) and offered >= cutoffs.clarify_at
    compose_at = composed_at(confidence_model.error_for(retrieved.language), judged)
    if composition is not None and _is_given(composition, compose_at, offered if clarifies else 0.0):
        return Decision(Outcome.COMPOSED, (), scored, composition.confidence, COMPOSED_RULE, composition)
    if clarifies:
        return Decision(Outcome.CLARIFIED, choices, scored, best, _CHOICE_RULES[len(choices)], composition)
    rule = "nothing_close" if scored else "empty_knowledge"
    return Decision(Outcome.HANDED_OFF, (), scored, best, rule, composition)


def _is_given(composition: Composition, compose_at: float, offered: float) -> bool:
    return composition.confidence >= compose_at and composition.confidence > offered
