"""Combining vectors, the gate, and searches in context, by hand-worked values and the hashing encoder."""

from collections.abc import Sequence
from dataclasses import replace
from math import exp, log1p

import numpy as np
import pytest

from retrieval.candidates import Candidate, Retrieved
from retrieval.confidence import default_confidence
from retrieval.context import (
    GATE,
    MOST_TOGETHER,
    RESOLVE_AT,
    ContextWeights,
    Turn,
    apart,
    chance_of_leaning,
    gate_features,
    in_context,
    in_effect,
    short,
    to_encode,
    together,
    without_answer,
)
from retrieval.encoder import Encoded, Progress
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
CANDIDATE = Candidate("a", "", 0, *[0.0] * 11, exact=False, relevance=0.0)
SHIPPING = Turn("How much is standard shipping?", "en", "It costs 4.90.", "shipping")


@pytest.fixture
def engine() -> Engine:
    return Engine(Retriever.build(HashEncoder(), KNOWLEDGE), default_confidence())


def test_reply_is_added_to_the_messages_together_by_its_weight() -> None:
    weights = ContextWeights(share=0.6, reply=0.5)
    messages, reply = np.eye(2, dtype=np.float32)

    np.testing.assert_allclose(
        in_context(messages, reply, weights=weights), [0.8944272, 0.4472136], rtol=1e-6
    )
    np.testing.assert_array_equal(in_context(messages, weights=weights), messages)


def test_long_reply_is_left_out() -> None:
    sentence = "It costs 4.90."
    assert short(sentence) == sentence
    assert short(" ".join([sentence] * 10)) == ""


def test_end_of_long_messages_is_encoded_since_the_utterance_is_there() -> None:
    assert to_encode("c", ["b", "a"]) == together("c", ["b", "a"]) == "a b c"
    assert to_encode("and express?", ["x" * 1000]) == "x" * (MOST_TOGETHER - 13) + " and express?"


def test_turns_count_as_far_as_each_leant_on_the_one_before() -> None:
    first, second, third = (Turn(text, "en", leads_on=leads) for text, leads in (("c", True), ("b", False), ("a", True)))  # fmt: skip

    assert in_effect([first, second, third]) == (first, second)
    assert in_effect([second, third]) == (second,)
    assert in_effect([third] * 9) == (third, third, third)
    assert in_effect([]) == ()


def found(*candidates: tuple[str, float]) -> Retrieved:
    """Answers and how high they stand."""
    numbers = {"question_standing": 0.0, "passage_standing": 0.0, "answer_lexical": 0.25}
    made = (
        replace(CANDIDATE, answer_id=name, **{**numbers, "question_standing": standing})
        for name, standing in candidates
    )
    return Retrieved(np.zeros(2, np.float32), tuple(made), "en", 2)


def test_gate_is_a_logistic_of_its_features() -> None:
    cues = Cues(opens=True, ends=False, refers=False, named=1, terms=2)
    plain, leaning = found(("a", 3.0), ("b", 1.0)), found(("b", 2.0), ("a", 2.0))
    features = gate_features(cues, plain, leaning, alone=0.5, in_context=0.75)

    assert features == pytest.approx(
        {
            "intercept": 1.0,
            "opens": 1.0,
            "ends": 0.0,
            "refers": 0.0,
            "named": log1p(1),
            "known": 0.25,
            "alone": 0.0,
            "in_context": 1.0986123,
            "same": 0.0,
            "apart": 2 * log1p(1),
        }
    )
    total = sum(GATE[name] * value for name, value in features.items())
    assert chance_of_leaning(features) == pytest.approx(1 / (1 + exp(-total)))


def test_searches_that_find_the_same_are_the_same_and_not_apart() -> None:
    cues, both = Cues(False, False, False, 3, 3), found(("a", 3.0), ("b", 1.0))
    features = gate_features(cues, both, both, alone=0.5, in_context=0.5)
    assert (features["same"], features["apart"]) == (1.0, 0.0)


def test_certain_confidences_weigh_no_more_than_five() -> None:
    features = gate_features(Cues(False, False, False, 0, 1), found(), found(), alone=1.0, in_context=0.0)
    assert (features["alone"], features["in_context"], features["known"]) == (5.0, -5.0, 0.0)


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


def test_both_searches_are_encoded_in_one_go() -> None:
    encoded: list[list[str]] = []

    class Counting(HashEncoder):
        def encode_messages(self, texts: Sequence[str], *, progress: Progress | None = None) -> Encoded:
            encoded.append(list(texts))
            return super().encode_messages(texts, progress=progress)

    engine = Engine(Retriever.build(Counting(), KNOWLEDGE), default_confidence())
    long = replace(SHIPPING, reply="It costs 4.90. " * 10)
    for turn in (SHIPPING, long):
        engine.retrieve_after("and express?", language="en", turns=[turn])

    texts = ["and express?", "How much is standard shipping? and express?"]
    assert encoded == [[*texts, "It costs 4.90."], texts]
