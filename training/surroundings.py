"""Mock installations know traffic, too, so that the confidence learns how much to make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from retrieval.candidates import Retrieved
from retrieval.confidence import fit_examples
from retrieval.confidence_model import (
    PRIOR_UNKNOWN_SHARE,
    SURROUNDINGS_PRIOR,
    ConfidenceModel,
    surrounded,
)
from retrieval.fusion import reordered
from retrieval.leave_one_out import Example
from retrieval.records import Language
from retrieval.traffic import MOST_MESSAGES, Traffic
from retrieval.unknown_share import LEAST_ROWS
from retrieval.view import View
from training.school import MockInstallation
from training.splits import share_of

INTERCEPT = "intercept"
MOST_SHIFT = 5.0  # of log odds
LIKELY_SHARE = PRIOR_UNKNOWN_SHARE
"""Of unknown questions, for the model that judges traffic: what it says is evidence, and another share moves all of it alike."""


def surround(mocks: Sequence[MockInstallation], judge: ConfidenceModel) -> tuple[MockInstallation, ...]:
    """The same with the surroundings of every example, from what each mock installation itself makes of the traffic."""
    return tuple(_surrounded(mock, judge) for mock in mocks)


def judge_of(examples: Sequence[Example]) -> ConfidenceModel:
    """What tells how likely a message's best candidate is right, before traffic is looked at."""
    return fit_examples(examples, target_error=0.1, unknown_share=LIKELY_SHARE, seed=0)


def sampled(messages: Sequence[tuple[str, Language]], *, seed: int) -> list[tuple[str, Language]]:
    """At most MOST_MESSAGES different (text, language), chosen by hash."""
    different = sorted(dict.fromkeys(messages), key=lambda each: share_of(each[0], salt=f"traffic {seed}"))
    return different[:MOST_MESSAGES]


def levelled(model: ConfidenceModel, found: Sequence[Retrieved], *, labelled: int = 0) -> ConfidenceModel:
    """The model with the second step moved so that the mean confidence on these messages of traffic is what it was before that step.

    What other messages tell is which of them can be answered, not how many. In mock installations everybody still asks for the answers that were
    left out, so that more of the traffic is unknown than it is to the whole installation, and less familiar. Without this, confidences of
    twelve mock companies, share given, were .03 too high in the mean, and 12 instead of 11 % wrong where 10 were tolerated.

    Not where LEAST_ROWS examples or more are out of scope by label (`labelled` says how many): questions of left-out answers are harder to tell than
    those, and the mean before the second step is too low (CLINC150, validation rows, 18 % unknown, by .05; ECE .026 and .033 as it is, levelled .046 and .061).
    """
    if labelled >= LEAST_ROWS:
        return model
    rows = [
        each
        for each in found
        if each.surroundings is not None and each.candidates and not each.candidates[0].exact
    ]
    if model.surroundings is None or not rows:
        return model
    first = replace(model, surroundings=None)
    chances = np.array([first.confidences(each)[:1] for each in rows])  # (n, 1)
    told = [each.surroundings for each in rows if each.surroundings is not None]
    around = np.array([[each.familiarity, each.coverage] for each in told])  # (n, 2)
    weights = np.array([model.surroundings[name] for name in SURROUNDINGS_PRIOR])
    own = np.array(list(SURROUNDINGS_PRIOR)) == INTERCEPT

    def excess(shift: float) -> float:
        return float((surrounded(chances, around, weights + shift * own) - chances).mean())

    shift = brentq(excess, -MOST_SHIFT, MOST_SHIFT) if excess(-MOST_SHIFT) < 0 < excess(MOST_SHIFT) else 0.0
    return replace(
        model, surroundings={**model.surroundings, INTERCEPT: model.surroundings[INTERCEPT] + shift}
    )


def newest_question(view: View) -> int:
    return max(view.questions, default=0)


def _surrounded(mock: MockInstallation, judge: ConfidenceModel) -> MockInstallation:
    heard = [reordered(each, judge.fusion) for each in mock.traffic]
    traffic = Traffic.of(heard, judge, newest_question=newest_question(mock.retriever.view))
    if traffic is None:
        return mock
    found = traffic.surround([example.retrieved for example in mock.examples], judge.fusion)
    examples = zip(mock.examples, found, strict=True)
    return replace(mock, examples=tuple(replace(example, retrieved=each) for example, each in examples))
