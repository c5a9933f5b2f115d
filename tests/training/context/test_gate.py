"""The gate's fit and its figures, on pairs whose searches are made up."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from retrieval.candidates import Candidate, Retrieved
from retrieval.confidence import default_confidence
from retrieval.context import GATE
from retrieval.engine import Engine
from retrieval.near_duplicates import near_duplicate_key
from retrieval.records import Knowledge, QuestionRecord
from retrieval.retriever import Retriever
from tests.fixtures.fakes import HashEncoder
from training.context.gate import MOST_WORSE, TRIED, fit_gate
from training.context.pairs import FOLLOW_UP, STAND_ALONE, Answers, BothWays, Pair, read_pairs
from training.context.pairs import test_questions_after as questions_after
from training.context.untaught import FIRSTS, UNTAUGHT, ask_untaught
from training.errors import EvaluationError
from training.fence import key_digest

DEMO = Path("bot/demo")
ANSWERS = Answers({"b": "other", **{f"a{number}": f"key {number}" for number in range(100)}})
"""Pair `number` asks for "a<number>"; "b" is wrong for all of them."""


def found(answer: str) -> Retrieved:
    candidate = Candidate(answer, "", 0, *[0.0] * 11, exact=False, relevance=0.0)
    return Retrieved(np.zeros(2, np.float32), (candidate,), "en", 3)


def asked(number: int, kind: str, *, alone: bool, leaning: bool, opens: float) -> BothWays:
    """`alone`, `leaning`: whether the plain search and the one in context find the right answer."""
    features = {**dict.fromkeys(GATE, 0.0), "intercept": 1.0, "opens": opens}
    pair = Pair("first", f"then {number}", "en", kind, f"key {number}")
    plain, moved = (found(f"a{number}" if right else "b") for right in (alone, leaning))
    return BothWays(pair, plain, moved, features)


def rows(kind: str, numbers: range, *, alone: bool, leaning: bool, opens: float) -> Sequence[BothWays]:
    return [asked(number, kind, alone=alone, leaning=leaning, opens=opens) for number in numbers]


def test_every_pair_asks_for_an_answer_that_there_is() -> None:
    pairs = read_pairs(DEMO)
    keys = {row.answer_key for row in pairs}
    company = questions_after(DEMO, pairs)

    for language in ("en", "zh"):
        own = [pair for pair in pairs if pair.language == language]
        assert sum(pair.kind == FOLLOW_UP for pair in own) >= 200
        assert sum(pair.kind == STAND_ALONE for pair in own) >= 150
    assert len({(pair.first, pair.then, pair.answer_key) for pair in pairs}) == len(pairs)
    assert {pair.answer_key for pair in company} <= keys | {pair.answer_key for pair in pairs}
    assert all(pair.kind == STAND_ALONE for pair in company)


def test_an_answer_is_on_one_side_in_both_languages() -> None:
    sides: dict[str, set[bool]] = {}
    for pair in read_pairs(DEMO):
        sides.setdefault(pair.answer_key, set()).add(pair.held_out)

    assert all(len(side) == 1 for side in sides.values())
    assert 0.4 < sum(side == {True} for side in sides.values()) / len(sides) < 0.6


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"follow_ups\.jsonl cannot be read"):
        read_pairs(tmp_path)


def test_cue_of_follow_ups_gets_a_positive_weight() -> None:
    pairs = [
        *rows(FOLLOW_UP, range(30), alone=False, leaning=True, opens=1.0),
        *rows(STAND_ALONE, range(30, 60), alone=True, leaning=False, opens=0.0),
    ]
    weights, resolve_at = fit_gate(pairs, ANSWERS)

    assert weights["opens"] > 0 > weights["intercept"]
    assert set(weights) == set(GATE)
    assert resolve_at == TRIED[0]


def test_threshold_rises_until_few_enough_are_worse() -> None:
    """One question in 20 opens like a follow-up and would be answered wrongly in context."""
    alike = rows(STAND_ALONE, range(5), alone=True, leaning=False, opens=1.0)
    unlike = rows(STAND_ALONE, range(5, 100), alone=True, leaning=False, opens=0.0)
    follow_ups = rows(FOLLOW_UP, range(40), alone=False, leaning=True, opens=1.0)

    _, resolve_at = fit_gate([*follow_ups, *alike, *unlike], ANSWERS)

    assert MOST_WORSE[STAND_ALONE] * 100 < 5
    assert resolve_at >= 0.85


def test_untaught_questions_may_be_made_worse_a_little_more_often() -> None:
    follow_ups = rows(FOLLOW_UP, range(40), alone=False, leaning=True, opens=1.0)
    alone = rows(STAND_ALONE, range(40), alone=True, leaning=False, opens=0.0)
    unlike = rows(UNTAUGHT, range(5, 100), alone=True, leaning=False, opens=0.0)

    def threshold(alike: int) -> float:
        like_follow_ups = rows(UNTAUGHT, range(alike), alone=True, leaning=False, opens=1.0)
        return fit_gate([*follow_ups, *alone, *like_follow_ups, *unlike], ANSWERS)[1]

    assert MOST_WORSE[UNTAUGHT] * 96 > 1
    assert threshold(1) == TRIED[0]
    assert threshold(5) > 0.85


def test_untaught_questions_are_asked_after_others_without_their_own_kind_in_the_index() -> None:
    knowledge = Knowledge(
        [
            QuestionRecord(1, "a0", "How much is standard shipping?", "en"),
            QuestionRecord(2, "a0", "what does delivery cost", "en"),
            QuestionRecord(3, "a1", "How many days do I have to return something?", "en"),
        ]
    )
    engine = Engine(Retriever.build(HashEncoder(), knowledge), default_confidence())
    answers = Answers({"a0": "shipping", "a1": "returns"})
    pairs = [Pair("Can I swap it?", "and for a blue one?", "en", FOLLOW_UP, "exchange")]
    held_out = Pair("", "", "en", UNTAUGHT, "shipping").held_out
    withheld = {key_digest(near_duplicate_key("what does delivery cost"))}

    asked_then = ask_untaught(engine, answers, pairs, withheld=withheld, held_out=held_out)

    told = [(each.pair.first, each.pair.then, each.pair.answer_key) for each in asked_then]
    assert told == [("Can I swap it?", "what does delivery cost", "shipping")] * FIRSTS
    assert set(engine.retriever.view.questions) == {1, 3}
    assert not any(each.plain.candidates[0].exact for each in asked_then)
    assert ask_untaught(engine, answers, pairs, withheld=withheld, held_out=not held_out) == []
