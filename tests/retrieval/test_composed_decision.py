"""When a composed reply is given."""

from dataclasses import replace

import pytest

from retrieval.candidates import Retrieved
from retrieval.composition_confidence import CUTOFFS, NEVER, WEIGHTS, composed_at, judged_composition
from retrieval.confidence_model import default_confidence
from retrieval.decision import Outcome, decide
from retrieval.engine import Engine
from retrieval.records import Knowledge, QuestionRecord, SectionRecord
from retrieval.retriever import Retriever
from tests.fixtures.fakes import HashEncoder

QUESTIONS = (
    QuestionRecord(1, "hours", "What are your opening hours?", "en"),
    QuestionRecord(2, "refund", "How do I get my money back?", "en"),
)
HEADING = "Can I take my bicycle on the ferry to the islands in winter?"
SECTIONS = (
    SectionRecord(1, "sec_bike", "doc_ferry", f"Ferry › {HEADING}", "Yes. A bicycle costs 4 euros.", "en"),
    *(
        SectionRecord(n, f"sec_{n}", "doc_other", f"Page {n}", f"Room {n} has a table and {n} chairs.", "en")
        for n in range(2, 90)
    ),
)
KNOWLEDGE = Knowledge(QUESTIONS, (), SECTIONS)
UNKNOWN = "zzz qqq"


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(Retriever.build(HashEncoder(), KNOWLEDGE), default_confidence())


def test_question_that_a_section_answers_is_composed(engine: Engine) -> None:
    found = engine.respond(HEADING, "en")
    assert (found.decision.outcome, found.decision.rule) == (Outcome.COMPOSED, "composed_from_sources")
    composition = found.decision.composition
    assert composition is not None
    assert [each.text for each in composition.sentences] == ["Yes.", "A bicycle costs 4 euros."]
    assert composition.section_ids == ("sec_bike",)
    assert found.decision.confidence == composition.confidence >= composed_at(0.10)
    assert found.decision.answers == ()
    assert found.retrieved.timings_ms["sections"] > 0


def test_approved_answer_that_is_sure_comes_first(engine: Engine) -> None:
    decision = engine.respond("What are your opening hours?", "en").decision
    assert (decision.outcome, decision.rule, decision.composition) == (
        Outcome.ANSWERED,
        "known_question",
        None,
    )


def test_wish_for_a_person_is_obeyed(engine: Engine) -> None:
    found = engine.retrieve(HEADING, language="en")
    assert engine.decide(found, asks_for_person=True).rule == "asked_for_person"


def test_what_nothing_covers_is_handed_off_with_what_could_be_composed(engine: Engine) -> None:
    decision = engine.respond(UNKNOWN, "en").decision
    assert decision.outcome is Outcome.HANDED_OFF
    assert decision.composition is not None
    assert decision.composition.confidence < composed_at(0.10)


def test_sections_alone_can_answer() -> None:
    engine = Engine(Retriever.build(HashEncoder(), Knowledge((), (), SECTIONS)), default_confidence())
    assert engine.respond(HEADING, "en").decision.outcome is Outcome.COMPOSED
    assert engine.respond(UNKNOWN, "en").decision.rule == "empty_knowledge"


def test_choices_that_are_likelier_come_before_a_composed_reply(engine: Engine) -> None:
    found = engine.retrieve(HEADING, language="en")
    model = default_confidence(target_error=0.30)
    sure = replace(model, default_cutoffs=replace(model.default_cutoffs, answer_at=1.01))
    copied = replace(found.candidates[0], exact=False)
    weights = dict.fromkeys(model.weights, 0.0) | {"intercept": 9.0}
    offered = decide(
        replace(found, candidates=(copied,)), replace(sure, weights=weights), asks_for_person=False
    )
    assert (offered.outcome, offered.rule) == (Outcome.CLARIFIED, "one_likely")
    assert offered.composition is not None
    assert offered.composition.confidence < offered.confidence


@pytest.mark.parametrize(
    "utterance", ["opening hours", HEADING, UNKNOWN, "How do I get my money back", "Room 7"]
)
def test_decisions_about_answers_are_the_same_bit_by_bit_with_and_without_sections(
    engine: Engine, utterance: str
) -> None:
    without = Engine(Retriever.build(HashEncoder(), Knowledge(QUESTIONS)), engine.confidence)
    plain, beside = (each.respond(utterance, "en") for each in (without, engine))
    assert plain.decision.scored == beside.decision.scored
    assert without.explain(plain.retrieved).items() <= engine.explain(beside.retrieved).items()
    if beside.decision.outcome is not Outcome.COMPOSED:
        assert replace(beside.decision, composition=None) == plain.decision


def test_more_unknown_questions_mean_less_confidence(engine: Engine) -> None:
    found = engine.retrieve(HEADING, language="en")
    few, many = (judged_composition(found, unknown_share=share) for share in (0.2, 0.8))
    assert few is not None
    assert many is not None
    assert few.confidence > many.confidence


def test_cutoffs_fall_with_the_tolerated_error() -> None:
    assert [composed_at(error) for error in sorted(CUTOFFS)] == sorted(CUTOFFS.values(), reverse=True)
    assert composed_at(0.12) == composed_at(0.10)
    assert composed_at(0.01) == NEVER > 1
    assert all(value >= 0 for name, value in WEIGHTS.items() if name not in ("intercept", "length"))


def test_without_sections_nothing_is_composed(engine: Engine) -> None:
    found: Retrieved = Retriever.build(HashEncoder(), Knowledge(QUESTIONS)).search(HEADING, language="en")
    assert judged_composition(found, unknown_share=0.5) is None
    assert "sections" not in found.timings_ms
