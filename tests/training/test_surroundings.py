"""What traffic tells moves single confidences, not their mean."""

from dataclasses import replace

import numpy as np
import pytest

from retrieval.candidates import Retrieved, Surroundings
from retrieval.confidence_model import SURROUNDINGS_PRIOR, ConfidenceModel, default_confidence
from tests.retrieval.test_confidence import BASE, retrieved
from training.surroundings import levelled


def model(**weights: float) -> ConfidenceModel:
    return replace(
        default_confidence(), surroundings=dict.fromkeys(SURROUNDINGS_PRIOR, 0.0) | {"own": 1.0} | weights
    )


def amid(familiarity: float, standing: float = 4.0, *, exact: bool = False) -> Retrieved:
    second = replace(BASE, answer_id="b", relevance=0.0)
    found = retrieved(replace(BASE, question_standing=standing, exact=exact), second)
    return replace(found, surroundings=Surroundings(familiarity, 0.0))


def confidences(made: ConfidenceModel, found: list[Retrieved]) -> list[float]:
    return [made.confidences(each)[0] for each in found]


def test_confidences_keep_their_mean_and_the_order_that_traffic_gives_them() -> None:
    messages = [amid(familiarity, standing) for familiarity in (0.0, 2.0, 4.0) for standing in (3.0, 5.0)]
    raised = model(familiarity=1.0)
    made = levelled(raised, messages)
    alone = confidences(replace(made, surroundings=None), messages)
    assert np.mean(confidences(raised, messages)) > np.mean(alone) + 0.1
    assert np.mean(confidences(made, messages)) == pytest.approx(np.mean(alone), abs=1e-3)
    assert (
        np.argsort(confidences(made, messages)).tolist() == np.argsort(confidences(raised, messages)).tolist()
    )


def test_shift_worked_by_hand() -> None:
    # All alike and familiar by 2: what familiarity adds, 0.5 * 2, the intercept takes away again.
    made = levelled(model(familiarity=0.5, intercept=0.25), [amid(2.0)] * 3)
    assert made.surroundings is not None
    assert made.surroundings["intercept"] == pytest.approx(-1.0, abs=1e-6)


def test_what_is_known_word_for_word_has_no_say() -> None:
    messages = [amid(2.0)] * 3
    plain = levelled(model(familiarity=0.5), messages)
    assert levelled(model(familiarity=0.5), [*messages, amid(9.0, exact=True)]) == plain


def test_without_a_second_step_or_messages_nothing_moves() -> None:
    alone = default_confidence()
    assert levelled(alone, [amid(2.0)]) is alone
    made = model(familiarity=0.5)
    assert levelled(made, []) is made


def test_labelled_unknown_messages_leave_it_as_it_is() -> None:
    made = model(familiarity=0.5)
    assert levelled(made, [amid(2.0)] * 3, labelled=50) is made
    assert levelled(made, [amid(2.0)] * 3, labelled=49) != made
