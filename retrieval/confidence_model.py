"""Confidence as it is used: the probability that a candidate is the right answer, and the cut-offs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import log
from typing import Any

import numpy as np

from retrieval.candidates import Retrieved, Surroundings
from retrieval.errors import RetrievalError
from retrieval.evidence import FEATURES, RANKS, Floats, all_evidence
from retrieval.fusion import PARTS, PRIOR_FUSION, Fusion
from retrieval.logistic import sigmoid
from retrieval.records import Language
from retrieval.traffic import log_odds

# Weight and its standard deviation. Weights: one regression over 26 mock companies (training and validation rows of BANKING77,
# CLINC150, MASSIVE zh-CN, MultiDoGO, STAR and FeedbackQA, and the demo company's phrasings; half or a third of the answers left
# out, half of the messages without an answer), each counting alike. Alone, without a fit of one's own, it has an ECE of 0.05 to 0.13
# on companies whose answers have one question each, when fitted on the other sets. Deviations: their spread.
PRIOR: Mapping[str, tuple[float, float]] = {
    "intercept": (-4.0, 1.5),
    "standing": (0.3, 0.25),
    "passage": (0.1, 0.15),
    "margin": (0.32, 0.2),
    "lexical": (0.35, 0.8),
    "support": (0.1, 0.7),
    "meaning": (0.15, 0.2),
    "wording": (0.4, 0.5),
    "intent": (0.15, 0.3),
    "agreement": (0.45, 0.3),
    "length": (0.1, 0.3),
    "chinese": (0.0, 0.5),
    "second": (0.0, 0.5),
    "third": (-0.6, 0.5),
}
# Of the second step, which adds what traffic tells: weight and deviation, near what five mock companies gave (0.4, 0.65, 0.4),
# moved a good part towards changing nothing.
SURROUNDINGS_PRIOR: Mapping[str, tuple[float, float]] = {
    "intercept": (0.0, 0.5),
    "own": (0.8, 0.3),  # the log odds without traffic
    "familiarity": (0.3, 0.3),
    "coverage": (0.1, 0.2),
}
PRIOR_UNKNOWN_SHARE = 0.5
# Messages that are, word for word, a question of one answer alone have it in 25 of 25 test rows (BANKING77), 17 of 19 (CLINC150) and
# 210 of 223 (MASSIVE zh-CN; published counts, which do look at test labels), and in 1,004 of 1,030 validation rows of MultiDoGO's media.
EXACT_CONFIDENCE = 0.97
# Where several answers have that question, the best one is right in 142 of 170 of those validation rows: no more is believed.
MOST_OF_A_SHARED_QUESTION = 0.85
# A further choice is offered when it is at least this likely compared with the best one.
WORTH_OFFERING = 0.2


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """When to answer and when to ask back.

    Attributes:
        answer_at: the best candidate's confidence from which it is given as the answer.
        clarify_at: the confidence of the offered choices together from which they are offered.
        choices_coverage: how often the right answer is expected among the choices.
        basis: what `answer_at` rests on. "language", "all": the tolerated error is certified on examples of this
            language, of all languages. "expected": too few examples to certify; what the confidences themselves
            expect, and what was seen. "unreachable": no cut-off keeps the tolerated error, so only
            questions that are known word for word are answered. "default": hardly any examples.
        examples: how many those were.
    """

    answer_at: float
    clarify_at: float
    choices_coverage: float
    basis: str
    examples: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What tolerating an error would give: the cut-offs, and the share of messages expected to be answered at them, apart from
    those that are known word for word.
    """

    target_error: float
    answered: float
    cutoffs: Cutoffs


@dataclass(frozen=True, slots=True)
class ConfidenceModel:
    """Fitted weights and cut-offs; goes into the checkpoint as JSON.

    Attributes:
        cutoffs: by language; `default_cutoffs` serve the others.
        unknown_share: the share of questions without an answer that the weights and cut-offs assume.
        fitted_on: number of "known" and "unknown" examples.
        surroundings: weights of the second step, by the names of SURROUNDINGS_PRIOR; None where no traffic was known.
        forecasts: by language, "" for all together, by rising error; none where there were too few examples.
        tolerated: errors that somebody chose instead of `target_error`; they count where there is a forecast for them.
    """

    weights: Mapping[str, float]
    fusion: Fusion
    cutoffs: Mapping[Language, Cutoffs]
    default_cutoffs: Cutoffs
    target_error: float
    unknown_share: float
    fitted_on: Mapping[str, int] = field(default_factory=dict)
    surroundings: Mapping[str, float] | None = None
    forecasts: Mapping[Language, Sequence[Forecast]] = field(default_factory=dict)
    tolerated: Mapping[Language, float] = field(default_factory=dict)

    def confidences(self, retrieved: Retrieved) -> tuple[float, ...]:
        """P(the candidate is the right answer) for each candidate: falling, together at most 1."""
        count = len(retrieved.candidates)
        if not count:
            return ()
        weights = np.array([self.weights[name] for name in FEATURES])
        raw = self._surrounded(sigmoid(all_evidence(retrieved) @ weights), retrieved.surroundings).tolist()
        if known_question(retrieved):
            raw[0] = EXACT_CONFIDENCE
        elif retrieved.candidates[0].exact:
            raw[0] = min(raw[0], MOST_OF_A_SHARED_QUESTION)
        return settled(raw, count)

    def _surrounded(self, chances: Floats, around: Surroundings | None) -> Floats:
        if around is None or self.surroundings is None:
            return chances
        weights = np.array([self.surroundings[name] for name in SURROUNDINGS_PRIOR])
        moved = surrounded(chances[None], np.array([[around.familiarity, around.coverage]]), weights)
        row: Floats = moved[0]
        return row

    def cutoffs_for(self, language: Language) -> Cutoffs:
        """Those of the error chosen for the language; else its own, or those of all languages together."""
        chosen = self.forecast_for(language, self.tolerated.get(language))
        return chosen.cutoffs if chosen else self.cutoffs.get(language, self.default_cutoffs)

    def error_for(self, language: Language) -> float:
        """The error tolerated in the language: the chosen one where it counts, else the one that was fitted for."""
        chosen = self.forecast_for(language, self.tolerated.get(language))
        return chosen.target_error if chosen else self.target_error

    def forecasts_for(self, language: Language) -> Sequence[Forecast]:
        """Those of the language, or of all languages together; none where there were too few examples."""
        return self.forecasts.get(language) or self.forecasts.get("", ())

    def forecast_for(self, language: Language, target_error: float | None) -> Forecast | None:
        """None where none was made for this error."""
        forecasts = self.forecasts_for(language)
        return next((each for each in forecasts if each.target_error == target_error), None)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> ConfidenceModel:
        """Raises RetrievalError when a field is missing or the features are not those of this version."""
        try:
            fields: dict[str, Any] = json.loads(text)
            weights = fields["fusion"]["weights"]
            fields["fusion"] = Fusion({language: tuple(values) for language, values in weights.items()})
            fields["cutoffs"] = {name: Cutoffs(**values) for name, values in fields["cutoffs"].items()}
            fields["default_cutoffs"] = Cutoffs(**fields["default_cutoffs"])
            forecasts = fields.get("forecasts", {})  # older checkpoints have none
            fields["forecasts"] = {name: tuple(map(_forecast, rows)) for name, rows in forecasts.items()}
            model = cls(**fields)
            names = set(model.weights)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RetrievalError(
                f"The confidence model cannot be read ({error!r}); make the checkpoint anew"
            ) from error
        if names != set(FEATURES):
            raise RetrievalError(
                f"The confidence model has the weights {sorted(names)}, expected {sorted(FEATURES)}; "
                "make the checkpoint anew"
            )
        if model.surroundings is not None and set(model.surroundings) != set(SURROUNDINGS_PRIOR):
            raise RetrievalError(
                f"The confidence model weighs surroundings by {sorted(model.surroundings)}, expected "
                f"{sorted(SURROUNDINGS_PRIOR)}; make the checkpoint anew"
            )
        if any(len(values) != len(PARTS) for values in model.fusion.weights.values()):
            raise RetrievalError(
                f"The confidence model does not weigh {', '.join(PARTS)}; make the checkpoint anew"
            )
        return model


def _forecast(fields: Mapping[str, Any]) -> Forecast:
    return Forecast(fields["target_error"], fields["answered"], Cutoffs(**fields["cutoffs"]))


def known_question(retrieved: Retrieved) -> bool:
    """Whether the utterance is, word for word, a stored question of the best candidate and of no other one."""
    return [candidate.exact for candidate in retrieved.candidates[:2]] in ([True], [True, False])


def surroundings_features(first: Floats, around: Floats) -> Floats:
    """(n, 4) in the order of SURROUNDINGS_PRIOR, from (n,) chances of the first candidates and (n, 2) surroundings."""
    return np.column_stack([np.ones(len(first)), log_odds(first), around])


def surrounded(chances: Floats, around: Floats, weights: Floats) -> Floats:
    """(n, r) chances with what (n, 2) surroundings say of the first one; the others rise and fall with it."""
    first = sigmoid(surroundings_features(chances[:, 0], around) @ weights)
    moved: Floats = chances * (first / np.maximum(chances[:, 0], 1e-9))[:, None]
    return np.minimum(moved, 1.0)


def settled(raw: Sequence[float], count: int) -> tuple[float, ...]:
    """Makes single probabilities a falling row of `count` that sums to at most 1; ranks beyond `raw` get 0."""
    falling: list[float] = []
    for value in raw:
        falling.append(min(value, falling[-1]) if falling else value)
    rest = sum(falling[1:])
    room = 1.0 - falling[0] if falling else 0.0
    if rest > room:
        falling[1:] = [value * room / rest for value in falling[1:]]
    return (*falling, *([0.0] * (count - len(falling))))


def choices_worth_offering(confidences: Sequence[float]) -> int:
    """How many of the best candidates make sensible choices, 1 to 3; `confidences` fall."""
    return sum(value >= WORTH_OFFERING * confidences[0] for value in confidences[:RANKS])


def default_confidence(
    *, target_error: float = 0.10, unknown_share: float = PRIOR_UNKNOWN_SHARE
) -> ConfidenceModel:
    """The shipped weights, for a knowledge too small to learn from, moved to the share of unknown questions."""
    weights = {name: mean for name, (mean, _) in PRIOR.items()}
    weights["intercept"] += log_odds_of_known(unknown_share)
    return ConfidenceModel(
        weights=weights,
        fusion=PRIOR_FUSION,
        cutoffs={},
        default_cutoffs=default_cutoffs(target_error, examples=0),
        target_error=target_error,
        unknown_share=unknown_share,
    )


def log_odds_of_known(unknown_share: float) -> float:
    """What an intercept gains where questions are as rarely unknown; shares count within 0.02 and 0.98."""
    share = min(max(unknown_share, 0.02), 0.98)
    return log((1 - share) / share)


def default_cutoffs(target_error: float, *, examples: int) -> Cutoffs:
    """Without examples: where confidences between it and 1 are alike frequent, half the tolerated error is expected."""
    return Cutoffs(
        answer_at=1.0 - target_error,
        clarify_at=0.5,
        choices_coverage=0.5,
        basis="default",
        examples=examples,
    )
