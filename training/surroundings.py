"""Mock installations know traffic, too, so that the confidence learns how much to make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from retrieval.confidence import fit_examples
from retrieval.confidence_model import PRIOR_UNKNOWN_SHARE, ConfidenceModel
from retrieval.engine import Engine
from retrieval.fusion import reordered
from retrieval.leave_one_out import Example
from retrieval.records import Language
from retrieval.traffic import LEAST_MESSAGES, MOST_MESSAGES, Traffic
from retrieval.view import View
from training.school import MockInstallation
from training.splits import share_of

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


def map_traffic(engine: Engine, messages: Sequence[tuple[str, Language]]) -> Traffic | None:
    """What an engine that knows no traffic makes of `messages`; None where they are too few."""
    if len(messages) < LEAST_MESSAGES:
        return None
    found = engine.retrieve_all(messages)
    return Traffic.of(found, engine.confidence, newest_question=newest_question(engine.retriever.view))


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
