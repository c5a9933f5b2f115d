"""Combining vectors, the gate, and searches in context, by hand-worked values and the hashing encoder."""

from math import exp, log1p

import numpy as np
import pytest

from retrieval.confidence import default_confidence
from retrieval.context import (
    GATE,
    RESOLVE_AT,
    Turn,
    TurnWeights,
    apart,
    chance_of_leaning,
    gate_features,
    in_context,
    in_effect,
    without_answer,
)
from retrieval.engine import Engine
from retrieval.follow_ups import Cues
from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from retrieval.retriever import Retriever
from tests.fixtures.fakes import HashEncoder

KNOWLEDGE = Knowledge(
    [
        QuestionRecord(1, "shipping", "How much is standard shipping?", "en"),
        QuestionRecord(2, "express", "How much is express shipping?", "en"),
        QuestionRecord(3, "returns", "How many days do I have to return something?", "en"),
        QuestionRecord(4, "shipping", "普通快递多少钱？", "zh"),
        QuestionRecord(5, "express", "加急快递多少钱？", "zh"),
    ],
    [PassageRecord(1, "returns", "You can send it back within thirty days.", "en")],
)
SHIPPING = Turn("How much is standard shipping?", "en", "It costs 4.90.", "shipping")


@pytest.fixture
def engine() -> Engine:
    return Engine(Retriever.build(HashEncoder(), KNOWLEDGE), default_confidence())


def test_vectors_of_the_turns_are_added_by_their_weights() -> None:
    weights = TurnWeights((0.5, 0.25), reply=0.2, long_reply=0.1)
    one, two, three, four = np.eye(4, dtype=np.float32)

    moved = in_context(one, np.stack([two, three]), four, weights=weights)

    expected = np.array([1, 0.5, 0.25, 0.2]) / np.sqrt(1 + 0.25 + 0.0625 + 0.04)
    np.testing.assert_allclose(moved, expected, rtol=1e-6)
    np.testing.assert_allclose(
        in_context(one, np.stack([two]), weights=weights), [0.8944272, 0.4472136, 0, 0], rtol=1e-6
    )


def test_turns_count_as_far_as_each_leant_on_the_one_before() -> None:
    first, second, third = (Turn(text, "en", leads_on=leads) for text, leads in (("c", True), ("b", False), ("a", True)))  # fmt: skip

    assert in_effect([first, second, third]) == (first, second)
    assert in_effect([second, third]) == (second,)
    assert in_effect([third] * 9) == (third, third, third)
    assert in_effect([]) == ()


def test_gate_is_a_logistic_of_its_features() -> None:
    cues = Cues(opens=True, ends=False, refers=False, named=1, terms=2)
    features = gate_features(cues, alone=0.5, in_context=0.75, apart=2.0)

    assert features == pytest.approx(
        {
            "intercept": 1.0,
            "opens": 1.0,
            "ends": 0.0,
            "refers": 0.0,
            "named": log1p(1),
            "few": 1.0,
            "alone": 0.0,
            "in_context": 1.0986123,
            "apart": 2 * log1p(1),
        }
    )
    total = sum(GATE[name] * value for name, value in features.items())
    assert chance_of_leaning(features) == pytest.approx(1 / (1 + exp(-total)))


def test_certain_confidences_weigh_no_more_than_five() -> None:
    features = gate_features(Cues(False, False, False, 0, 1), alone=1.0, in_context=0.0, apart=0.0)
    assert (features["alone"], features["in_context"]) == (5.0, -5.0)


def test_how_far_apart_counts_in_the_plain_search(engine: Engine) -> None:
    plain = engine.retrieve("How much is express shipping?", language="en")
    standings = {each.answer_id: each.standing for each in plain.candidates}
    other = engine.retrieve("How many days do I have to return something?", language="en")

    assert apart(plain, plain) == max(standings.values()) - standings[plain.candidates[0].answer_id]
    assert apart(plain, other) == pytest.approx(max(standings.values()) - standings["returns"])
    assert apart(without_answer(plain, "returns"), other) == pytest.approx(
        max(standings.values()) - min(standings["shipping"], standings["express"])
    )


def test_follow_up_is_found_with_the_question_before_it(engine: Engine) -> None:
    found = engine.retrieve_after("and express?", language="en", turns=[SHIPPING])

    assert found.context is not None
    assert (found.context.how, found.context.turns) == ("follow_up", ("How much is standard shipping?",))
    assert found.candidates[0].answer_id == "express"
    assert found.context.chance >= RESOLVE_AT


def test_chinese_follow_up_is_found_too(engine: Engine) -> None:
    before = Turn("普通快递多少钱？", "zh", answer_id="shipping")
    found = engine.retrieve_after("那加急快递呢？", language="zh", turns=[before])

    assert found.language == "zh"
    assert found.candidates[0].answer_id == "express"
    assert found.context is not None
    assert found.context.how == "follow_up"


def test_language_of_the_utterance_counts_whatever_was_spoken_before(engine: Engine) -> None:
    found = engine.retrieve_after("那加急呢？", language="zh", turns=[SHIPPING])

    assert found.language == "zh"
    assert found.context is not None
    assert found.context.turns == ("How much is standard shipping?",)


def test_approved_question_means_what_it_says(engine: Engine) -> None:
    plain = engine.retrieve("how much is express shipping", language="en")
    found = engine.retrieve_after("how much is express shipping", language="en", turns=[SHIPPING])

    assert found.context is not None
    assert (found.context.how, found.context.chance) == ("alone", 0.0)
    assert found.candidates == plain.candidates


def test_nothing_before_is_a_plain_search(engine: Engine) -> None:
    assert engine.retrieve_after("and express?", language="en", turns=[]).context is None


def test_refused_answer_is_not_given_again(engine: Engine) -> None:
    named = engine.retrieve_after("no, I meant express", language="en", turns=[SHIPPING])
    unnamed = engine.retrieve_after("that's not what I meant", language="en", turns=[SHIPPING])

    for found in (named, unnamed):
        assert found.context is not None
        assert (found.context.how, found.context.without) == ("correction", "shipping")
        assert "shipping" not in [each.answer_id for each in found.candidates]
        assert found.candidates[0].answer_id == "express"


def test_correction_of_no_answer_is_a_message_like_others(engine: Engine) -> None:
    unanswered = Turn("blorb?", "en")
    found = engine.retrieve_after("no, I meant express", language="en", turns=[unanswered])

    assert found.context is not None
    assert found.context.without is None
    assert {each.answer_id for each in found.candidates} == {"shipping", "express", "returns"}


def test_quick_messages_are_joined_in_the_order_in_which_they_came(engine: Engine) -> None:
    turns = [Turn("express", "en", leads_on=True, unfinished=True), Turn("how much is", "en")]
    whole = engine.retrieve("how much is express shipping?", language="en")
    found = engine.retrieve_after("shipping?", language="en", turns=turns)

    assert found.context is not None
    assert (found.context.how, found.context.turns) == ("joined", ("express", "how much is"))
    assert found.candidates == whole.candidates


def test_message_that_says_more_alone_is_not_joined(engine: Engine) -> None:
    blorb = Turn("my cat is blue", "en", unfinished=True)
    found = engine.retrieve_after("How much is express shipping?", language="en", turns=[blorb])

    assert found.context is not None
    assert found.context.how == "alone"
    assert found.candidates[0].exact
