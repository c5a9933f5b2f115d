"""What people say of composed replies raises the confidence from which they are given, where the promise is not kept."""

from dataclasses import replace

import pytest

from retrieval.composition_confidence import CUTOFFS, NEVER, JudgedComposition, composed_at
from retrieval.confidence_model import default_confidence
from retrieval.decision import Outcome
from retrieval.engine import Engine
from retrieval.retriever import Retriever
from tests.fixtures.fakes import HashEncoder
from tests.retrieval.test_composed_decision import HEADING, KNOWLEDGE

SHIPPED = CUTOFFS[0.10]


def judged(confidence: float, *, right: int = 0, wrong: int = 0) -> tuple[JudgedComposition, ...]:
    return tuple(JudgedComposition(confidence, place < right) for place in range(right + wrong))


# P(so many wrong ones or more), were a tenth wrong: 1 of 1 .1, 2 of 3 .028, 2 of 4 .052, 2 of 5 .081, 3 of 5 .009,
# 2 of 20 .61, 7 of 25 .0095.
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((), SHIPPED),
        (judged(0.95, right=100), SHIPPED),
        (judged(0.95, wrong=1), SHIPPED),
        (judged(0.95, right=2, wrong=2), SHIPPED),
        (judged(0.95, right=3, wrong=2), SHIPPED),
        (judged(0.95, right=1, wrong=2), NEVER),
        (judged(0.91, right=1, wrong=3) + judged(0.95, right=1), 0.95),
        (judged(0.91, wrong=5) + judged(0.93, right=9, wrong=2) + judged(0.97, right=9), 0.93),
        (judged(0.5, wrong=9), SHIPPED),  # given when more was tolerated
    ],
)
def test_cutoff_is_the_lowest_that_they_do_not_refute(
    said: tuple[JudgedComposition, ...], expected: float
) -> None:
    assert composed_at(0.10, said) == expected


def test_a_larger_tolerated_error_is_refuted_later() -> None:
    said = judged(0.95, right=2, wrong=3)  # of five three or more: .009 at a tenth, .163 at three tenths
    assert (composed_at(0.10, said), composed_at(0.30, said)) == (NEVER, CUTOFFS[0.30])


def test_engine_composes_no_more_where_people_found_it_wrong() -> None:
    engine = Engine(Retriever.build(HashEncoder(), KNOWLEDGE), default_confidence())
    found = engine.respond(HEADING, "en")
    given = found.decision.confidence
    assert found.decision.outcome is Outcome.COMPOSED

    warned = replace(engine, judged_compositions=judged(given, wrong=3))

    decision = warned.respond(HEADING, "en").decision
    assert decision.outcome is Outcome.HANDED_OFF
    assert decision.composition is not None
    assert decision.composition.confidence == given
    assert warned.explain(found.retrieved)["compose_at"] == NEVER
    praised = replace(engine, judged_compositions=judged(given, right=3))
    assert praised.respond(HEADING, "en").decision == found.decision
