"""Cut-offs and intercept from judged messages: by hand, and against what was drawn."""

from dataclasses import replace

import numpy as np
import pytest

from retrieval.confidence_model import default_confidence
from retrieval.errors import RetrievalError
from retrieval.recalibration import LEAST_MESSAGES, JudgedMessage, recalibrated

MODEL = replace(default_confidence(), cutoffs={"en": default_confidence().default_cutoffs})


def traffic(count: int, *, odds: float, seed: int = 3, language: str = "en") -> list[JudgedMessage]:
    """Best candidates are right with `odds` times the odds that their confidences say."""
    random = np.random.default_rng(seed)
    confidences = random.beta(3, 1, count)
    chances = odds * confidences / (1 - confidences + odds * confidences)
    right = random.random(count) < chances
    return [
        JudgedMessage(language, (float(sure), float(1 - sure) / 4), 0 if is_right else None)
        for sure, is_right in zip(confidences, right, strict=True)
    ]


def test_confidences_that_are_true_move_little_and_certify_the_error() -> None:
    made = recalibrated(MODEL, traffic(2000, odds=1.0), target_error=0.1, unknown_share=0.3)
    assert abs(made.weights["intercept"] - MODEL.weights["intercept"]) < 0.2
    assert (made.cutoffs["en"].basis, made.cutoffs["en"].examples) == ("language", 2000)
    assert (made.target_error, made.unknown_share) == (0.1, 0.3)
    assert made.forecasts_for("en")[1].cutoffs == made.cutoffs["en"]
    assert {name: each for name, each in made.weights.items() if name != "intercept"} == {
        name: each for name, each in MODEL.weights.items() if name != "intercept"
    }


@pytest.mark.parametrize("odds", [0.25, 4.0])
def test_the_intercept_follows_the_odds_and_the_error_is_kept_on_new_traffic(odds: float) -> None:
    made = recalibrated(MODEL, traffic(3000, odds=odds), target_error=0.1, unknown_share=0.3)

    moved = made.weights["intercept"] - MODEL.weights["intercept"]
    assert moved == pytest.approx(np.log(odds), abs=0.2)
    later = traffic(3000, odds=odds, seed=4)
    answered = [
        each.right_at == 0
        for each in later
        if 1 / (1 + np.exp(-(np.log(each.confidences[0] / (1 - each.confidences[0])) + moved)))
        >= made.cutoffs["en"].answer_at
    ]
    assert len(answered) > 200
    assert 1 - sum(answered) / len(answered) <= 0.1


def test_a_language_with_few_messages_has_the_cutoffs_of_all() -> None:
    messages = traffic(500, odds=1.0) + traffic(20, odds=1.0, language="zh")
    made = recalibrated(MODEL, messages, target_error=0.1, unknown_share=0.3)
    assert "zh" not in made.cutoffs
    assert made.cutoffs_for("zh") == made.default_cutoffs


def test_messages_without_a_candidate_count_as_wrong() -> None:
    messages = [JudgedMessage("en", (), None)] * LEAST_MESSAGES
    made = recalibrated(MODEL, messages, target_error=0.1, unknown_share=0.9)
    assert made.cutoffs_for("en").answer_at == 1.0


def test_too_few_are_refused() -> None:
    with pytest.raises(RetrievalError, match="59 judged messages are too few"):
        recalibrated(MODEL, traffic(59, odds=1.0), target_error=0.1, unknown_share=0.3)


def test_the_second_step_moves_as_far_as_the_first() -> None:
    """Behind traffic the log odds gain own * moved from the first step and the rest from their own intercept."""
    second = {"intercept": 0.5, "own": 0.4, "familiarity": 0.6, "coverage": 0.3}
    model = replace(MODEL, surroundings=second)
    made = recalibrated(model, traffic(2000, odds=4.0), target_error=0.1, unknown_share=0.3)
    moved = made.weights["intercept"] - model.weights["intercept"]
    assert made.surroundings is not None
    assert made.surroundings["intercept"] - 0.5 + 0.4 * moved == pytest.approx(moved)
    assert {**made.surroundings, "intercept": 0.5} == second
