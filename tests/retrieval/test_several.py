import numpy as np
import pytest

from retrieval.candidates import Candidate
from retrieval.decision import Decision, Outcome, ScoredCandidate
from retrieval.several import answers_each, joint_confidence, leans_on_the_first, questions_in


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("How much is shipping? Can I return it?", ("How much is shipping?", "Can I return it?")),
        ("运费多少？能退货吗？", ("运费多少?", "能退货吗?")),
        ("运费多少\n能退货吗", ("运费多少", "能退货吗")),
        ("Hi! How do I pay? Where is my order?", ("Hi! How do I pay?", "Where is my order?")),
        ("How do I pay? Where is my order? Thanks!", ("How do I pay?", "Where is my order? Thanks!")),
        ("Is 4.90 the fee? Or write to support@lumo.example now?", ("Is 4.90 the fee?", "Or write to support@lumo.example now?")),
        ("One question only?", ()),
        ("one thing? two things? three things? four things?", ()),
        ("?!?!。。。", ()),
        ("", ()),
    ],
)  # fmt: skip
def test_message_is_cut_at_its_signs(text: str, questions: tuple[str, ...]) -> None:
    assert questions_in(text) == questions


def decided(answer: str, confidence: float, outcome: Outcome = Outcome.ANSWERED) -> Decision:
    candidate = Candidate(answer, "", 0, *[0.0] * 11, exact=False, relevance=0.0)
    scored = ScoredCandidate(candidate, confidence)
    return Decision(outcome, (scored,), (scored,), confidence, "confident")


def test_parts_are_answered_each_when_all_surely_have_their_own() -> None:
    whole = decided("pay", 0.7)
    parts = [decided("pay", 0.9), decided("track", 0.8)]

    assert answers_each(whole, parts)
    assert joint_confidence(parts) == pytest.approx(0.72)


def test_parts_are_answered_each_when_the_whole_has_the_answer_of_one() -> None:
    assert answers_each(decided("pay", 0.95), [decided("pay", 0.99), decided("track", 0.9)])
    assert not answers_each(
        decided("pay", 0.95, Outcome.CLARIFIED), [decided("pay", 0.99), decided("track", 0.9)]
    )


@pytest.mark.parametrize(
    ("parts", "leans"),
    [
        (("Do you repair phones?", "How much is it?"), True),
        (("How do I pay?", "And with PayPal?"), True),
        (("能修手机吗?", "那要多久?"), True),
        (("Is it open?", "How do I pay?"), False),
        (("How do I pay?", "Where is my order?"), False),
        (("运费多少?", "能退货吗?"), False),
        ((), False),
    ],
)
def test_later_part_like_a_follow_up_leans_on_the_first(parts: tuple[str, ...], leans: bool) -> None:
    assert leans_on_the_first(parts) is leans


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        (decided("pay", 0.7), [decided("pay", 0.9), decided("pay", 0.9)]),
        (decided("pay", 0.7), [decided("pay", 0.9), decided("track", 0.9, Outcome.CLARIFIED)]),
        (decided("pay in parts", 0.95), [decided("pay", 0.99), decided("track", 0.9)]),
        (decided("pay", 0.1), [decided("pay", 0.9)]),
        (decided("pay", 0.1), []),
    ],
    ids=["one answer", "one unsure", "whole is better", "one part", "no part"],
)
def test_else_the_message_is_answered_as_a_whole(whole: Decision, parts: list[Decision]) -> None:
    assert not answers_each(whole, parts)
    assert np.isfinite(joint_confidence(parts))
