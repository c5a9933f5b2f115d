"""The probability that a composed reply holds what answers the utterance, and when it is good enough to be given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import log1p

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Retrieved
from retrieval.composition import Composition, compose
from retrieval.confidence_model import log_odds_of_known
from retrieval.cutoffs import binomial_tail
from retrieval.logistic import sigmoid
from retrieval.section_search import SectionHit, SectionsFound

Floats = NDArray[np.float64]

FEATURES = (
    "intercept",
    "standing",  # of the best section, its heading and its best sentence: standard deviations above the background
    "heading",
    "sentence",
    "words",  # share of the question's words in the best section and in its heading
    "heading_words",
    "margin",  # ln odds of the sections quoted against all others found, by relevance
    "coverage",  # share of the question's words in the reply
    "agreement",  # 1 when the best section is the best by meaning and by words
    "length",  # ln(1 + terms of the question)
)
# More of these never lowers a confidence, whatever the examples say.
NEVER_NEGATIVE = frozenset(FEATURES) - {"intercept", "length"}
MARGIN_LIMIT = 6.0
NO_RIVAL_MARGIN = 1.0

# Both from 2,530 tries of FeedbackQA's training questions about the CDC's pages, half of them unknown: `python -m training benchmark
# composed-prior` prints them. The cut-offs are certified by `retrieval.cutoffs` on confidences fitted without the question. On the
# validation questions that of 0.10 composed 60 of 632 replies, 5 of them wrong.
WEIGHTS: Mapping[str, float] = {
    "intercept": -6.4,
    "standing": 0.17,
    "heading": 0.15,
    "sentence": 0.0,
    "words": 1.14,
    "heading_words": 3.99,
    "margin": 0.52,
    "coverage": 0.52,
    "agreement": 0.44,
    "length": 1.11,
}
CUTOFFS: Mapping[float, float] = {0.05: 0.97, 0.10: 0.901, 0.15: 0.901, 0.20: 0.662, 0.30: 0.436}
NEVER = 1.1
# A promise is refuted where as many wrong ones among those that people judged would have at most this chance, were it kept.
REFUTED_AT = 0.05
MOST_JUDGED = 100  # the newest ones: earlier ones were judged of other documents


@dataclass(frozen=True, slots=True)
class JudgedComposition:
    """A composed reply that was given with this confidence, and whether people found it right."""

    confidence: float
    right: bool


def judged_composition(retrieved: Retrieved, *, unknown_share: float) -> Composition | None:
    """The composition with its confidence, None where there is nothing to compose from."""
    composition = compose(retrieved.found_sections, language=retrieved.language)
    if composition is None:
        return None
    features = composition_features(retrieved.found_sections, composition, words=retrieved.words)
    weights = np.array([WEIGHTS[name] for name in FEATURES])
    logit = float(features @ weights) + log_odds_of_known(unknown_share)
    return replace(composition, confidence=float(sigmoid(np.array(logit))))


@lru_cache(maxsize=64)
def composed_at(target_error: float, judged: tuple[JudgedComposition, ...] = ()) -> float:
    """The confidence from which a composed reply may be given.

    That of the largest known error not above the tolerated one. Where the judged ones refute that it is kept there, the lowest of their confidences
    from which on they do not, or NEVER: documents may be such that the shipped cut-off promises too much.
    """
    known = [error for error in CUTOFFS if error <= target_error + 1e-9]
    if not known:
        return NEVER
    shipped = CUTOFFS[max(known)]
    higher = sorted({each.confidence for each in judged if each.confidence > shipped})
    return next(
        (cutoff for cutoff in (shipped, *higher) if not _refuted(cutoff, target_error, judged)), NEVER
    )


def _refuted(cutoff: float, target_error: float, judged: Sequence[JudgedComposition]) -> bool:
    """By the exact binomial test of the judged ones at or above the cut-off."""
    given = [each.right for each in judged if each.confidence >= cutoff]
    wrong = given.count(False)
    return wrong > 0 and 1.0 - binomial_tail(wrong - 1, len(given), target_error) <= REFUTED_AT


def composition_features(found: SectionsFound, composition: Composition, *, words: int) -> Floats:
    """(f,) in the order of FEATURES."""
    best = next(each for each in found.sections if each.section_id in composition.section_ids)
    return np.array(
        [
            1.0,
            best.standing,
            best.heading_standing,
            best.sentence_standing,
            best.words,
            best.heading_words,
            _margin(found.sections, frozenset(composition.section_ids)),
            composition.coverage,
            _agreement(found.sections, best),
            log1p(words),
        ]
    )


def _margin(sections: Sequence[SectionHit], quoted: frozenset[str]) -> float:
    relevance = np.array([each.relevance for each in sections])
    inside = np.array([each.section_id in quoted for each in sections])
    if inside.all():
        return NO_RIVAL_MARGIN
    top = relevance.max()
    mass = np.exp(relevance - top)
    odds = np.log(mass[inside].sum()) - np.log(mass[~inside].sum())
    return float(np.clip(odds, -MARGIN_LIMIT, MARGIN_LIMIT))


def _agreement(sections: Sequence[SectionHit], best: SectionHit) -> float:
    nearest = max(sections, key=lambda each: each.standing)
    worded = max(sections, key=lambda each: each.words)
    return float(nearest is best and worded is best and best.words > 0)
