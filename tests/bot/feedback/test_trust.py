"""What may be learnt from what people said: cases worked by hand, and what no crowd of one network can do."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.feedback.trust import (
    BURST_SIZE,
    NOTHING_SAID,
    VOTES_CAP,
    Decided,
    Flag,
    Kind,
    Surroundings,
    Trust,
    Voice,
    Weighed,
    crowds,
    one_voice_each,
    weigh,
    weigh_answer,
    within_share,
)
from training.label_weights import SOURCE_WEIGHTS

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
WELL_KNOWN = Surroundings(shown_to={"a": 50, "b": 50, "c": 50}, neighbours={"a": 0.4, "b": 0.4})


def voice(number: int, kind: Kind = Kind.CHOICE, answer: str = "a", *, block: str | None = None) -> Voice:
    """Of a visitor of their own in a block of their own, an hour after the one before."""
    return Voice(
        id=f"v{number:03}",
        kind=kind,
        answer_id=answer,
        visitor=f"visitor:{number}",
        block=block or f"1.{number:04}",
        at=START + timedelta(hours=number),
    )


def choices(count: int, answer: str = "a", *, first: int = 0) -> list[Voice]:
    return [voice(number, answer=answer) for number in range(first, first + count)]


def ups(count: int, *, first: int = 100) -> list[Voice]:
    return [voice(number, Kind.UP) for number in range(first, first + count)]


def weighed(voices: Sequence[Voice], around: Surroundings = WELL_KNOWN) -> Weighed:
    return weigh(voices, [], around)


@pytest.mark.parametrize(
    ("voices", "trust", "support", "dissent"),
    [
        (choices(2), None, 2.0, 0),
        (choices(3), Trust.VISITOR_CHOICE, 3.0, 0),
        ([*choices(3), voice(9, Kind.DOWN)], Trust.VISITOR_CHOICE, 3.0, 1),
        ([*choices(3), voice(9, Kind.DOWN), voice(10, answer="b")], None, 3.0, 2),
        ([*choices(3), voice(9, Kind.DOWN, "b")], Trust.VISITOR_CHOICE, 3.0, 0),
        ([*choices(2), *ups(2)], None, 3.0, 0),
        ([*choices(2), *ups(3)], Trust.AGREEMENT, 3.5, 0),
        ([*choices(2), *ups(30)], Trust.AGREEMENT, 2 + VOTES_CAP, 0),
        (ups(1000), None, VOTES_CAP, 0),
    ],
)
def test_visitors_are_believed_when_enough_independent_ones_agree(
    voices: list[Voice], trust: Trust | None, support: float, dissent: float
) -> None:
    found = weighed(voices)
    assert (found.answer_id, found.trust, found.support, found.dissent) == ("a", trust, support, dissent)
    assert found.eligible == (trust is not None)


def test_visitors_of_one_block_are_one_voice() -> None:
    together = [replace(v, block="1.same") for v in choices(30)]
    found = weighed(together)
    assert (found.support, found.independent, found.eligible) == (1.0, 1, False)


def test_visitors_without_an_address_are_one_voice() -> None:
    found = weighed([replace(v, block=None) for v in choices(30)])
    assert (found.support, found.independent, found.eligible) == (1.0, 1, False)


def test_one_visitor_has_one_voice_wherever_they_come_from_and_the_newest_counts() -> None:
    roaming = [replace(v, visitor="visitor:1") for v in choices(30)]
    assert (weighed(roaming).support, weighed(roaming).independent) == (1.0, 1)

    changed = [*choices(3), replace(voice(50, answer="b"), visitor="visitor:2")]
    found = weighed(changed)
    assert (found.answer_id, found.support, found.dissent, found.eligible) == ("a", 2.0, 1, False)


def test_hashes_of_two_periods_are_never_added_up() -> None:
    """The same network has another hash after its key was changed."""
    found = weighed([*choices(2), *(replace(v, block=f"2.{v.id}") for v in choices(2, first=10))])
    assert (found.support, found.independent, found.eligible) == (2.0, 2, False)


def test_burst_counts_as_one_voice() -> None:
    n = BURST_SIZE + 3
    burst = [replace(v, crowd=n) for v in choices(n)]
    found = weighed(burst)
    assert (found.support, found.eligible) == (1.0, False)
    assert Flag.BURST in found.flags


def test_burst_against_an_answer_is_not_discounted() -> None:
    against = [replace(voice(20 + i, Kind.DOWN), crowd=50) for i in range(3)]
    found = weighed([*choices(4), *against])
    assert (found.support, found.dissent, found.eligible) == (4.0, 3, False)


def test_answer_that_few_visitors_saw_needs_more_voices() -> None:
    seldom = Surroundings(shown_to={"a": 6}, neighbours={})
    assert weighed(choices(4), seldom).support == 2.4
    assert not weighed(choices(4), seldom).eligible
    found = weighed(choices(5), seldom)
    assert (found.support, found.eligible, found.flags) == (3.0, True, {Flag.LOW_EXPOSURE})


@pytest.mark.parametrize(("share", "eligible"), [(0.5, True), (0.51, False)])
def test_neighbours_that_lead_elsewhere_flag_the_label(share: float, eligible: bool) -> None:
    around = replace(WELL_KNOWN, neighbours={"a": 1 - share, "b": share})
    found = weighed(choices(9), around)
    assert (found.trust, found.eligible) == (Trust.VISITOR_CHOICE, eligible)
    assert (Flag.NEIGHBOURS_DISAGREE in found.flags) == (not eligible)
    assert found.weight == (0.7 if eligible else 0.0)


def test_operator_decides_alone_then_an_accepted_agent_then_visitors() -> None:
    agent = Decided("l1", Trust.AGENT_REPLY, "c", START + timedelta(days=2))
    operator = Decided("l2", Trust.OPERATOR, None, START)
    crowd = choices(50)

    assert weigh(crowd, [agent], WELL_KNOWN).answer_id == "c"
    found = weigh(crowd, [agent, operator], WELL_KNOWN)
    assert (found.answer_id, found.trust, found.eligible) == (None, Trust.OPERATOR, True)


def test_newest_of_equal_labels_decides() -> None:
    older = Decided("l9", Trust.OPERATOR, "a", START)
    newer = Decided("l1", Trust.OPERATOR, "b", START + timedelta(seconds=1))
    assert weigh([], [newer, older], WELL_KNOWN).answer_id == "b"


def test_nothing_follows_from_nothing_or_from_dissent_alone() -> None:
    assert weighed([]) == NOTHING_SAID
    assert weighed([voice(i, Kind.DOWN) for i in range(9)]) == NOTHING_SAID


def test_crowds_are_counted_within_ten_minutes_to_either_side() -> None:
    minutes = [0, 3, 10, 11, 60]
    assert crowds([START + timedelta(minutes=m) for m in minutes]) == [3, 4, 4, 3, 1]
    assert crowds([START + timedelta(minutes=m) for m in reversed(minutes)]) == [1, 3, 4, 4, 3]
    assert crowds([]) == []


def test_visitors_add_one_question_to_an_answer_and_more_up_to_a_fifth_of_its_others() -> None:
    assert within_share({"a": 9, "b": 9, "c": 9}, {"a": 20, "b": 4}) == {"a": 4, "b": 1, "c": 1}


def test_training_weighs_each_source_alike() -> None:
    assert {trust.source.value: trust.weight for trust in Trust}.items() <= dict(SOURCE_WEIGHTS).items()


KINDS, ANSWERS = st.sampled_from(list(Kind)), st.sampled_from("abc")


@st.composite
def crowd(draw: st.DrawFn) -> list[Voice]:
    return [
        Voice(
            id=f"h{number:03}",
            kind=draw(KINDS),
            answer_id=draw(ANSWERS),
            visitor=f"visitor:{draw(st.integers(0, 12))}",
            block=draw(st.sampled_from([None, *(f"1.{i}" for i in range(8)), "2.0", "2.1"])),
            at=START + timedelta(minutes=draw(st.integers(0, 500))),
            crowd=draw(st.integers(1, 9)),
        )
        for number in range(draw(st.integers(0, 25)))
    ]


@st.composite
def attack(draw: st.DrawFn) -> list[Voice]:
    """Any number of new visitors, all in one block, who want answer a; as calm as they like."""
    return [
        Voice(
            id=f"x{number:03}",
            kind=draw(KINDS),
            answer_id="a",
            visitor=f"hostile:{draw(st.integers(0, 40))}",
            block="1.hostile",
            at=START + timedelta(minutes=draw(st.integers(0, 500))),
        )
        for number in range(draw(st.integers(0, 40)))
    ]


SURROUNDINGS = st.builds(
    Surroundings,
    shown_to=st.dictionaries(ANSWERS, st.integers(0, 30)),
    neighbours=st.dictionaries(ANSWERS, st.floats(0, 1)),
)


@given(crowd(), SURROUNDINGS, st.randoms(use_true_random=False))
def test_order_does_not_matter(voices: list[Voice], around: Surroundings, chance: random.Random) -> None:
    shuffled = chance.sample(voices, len(voices))
    assert weighed(shuffled, around) == weighed(voices, around)


@given(attack(), SURROUNDINGS)
def test_one_block_alone_never_makes_a_label_eligible(hostile: list[Voice], around: Surroundings) -> None:
    assert not weighed(hostile, around).eligible


@given(crowd(), attack(), SURROUNDINGS)
def test_one_block_adds_one_voice_at_most_and_silences_nobody(
    honest: list[Voice], hostile: list[Voice], around: Surroundings
) -> None:
    with_anchor = [*honest, voice(900)]  # so that answer a is weighed without the attack, too
    before = _about("a", with_anchor, around)
    after = _about("a", [*with_anchor, *hostile], around)
    assert after.support <= before.support + 1 + 1e-6
    assert after.dissent >= before.dissent
    assert after.independent <= before.independent + 1


@given(crowd(), attack(), SURROUNDINGS)
def test_label_that_was_two_voices_short_stays_so_whatever_one_block_does(
    honest: list[Voice], hostile: list[Voice], around: Surroundings
) -> None:
    before = _about("a", [*honest, voice(900)], around)
    after = _about("a", [*honest, voice(900), *hostile], around)
    if before.support + 1 < 3:
        assert not after.eligible


@given(st.integers(0, 10_000))
def test_thumbs_alone_never_make_a_label_eligible(count: int) -> None:
    assert not weighed(ups(min(count, 300))).eligible


def _about(answer_id: str, voices: Sequence[Voice], around: Surroundings) -> Weighed:
    """The verdict on one answer, which need not be the favoured one."""
    return weigh_answer(answer_id, one_voice_each(voices), around)
