import pytest

from retrieval.follow_ups import LONGEST, Cues, correction, cues_of, may_follow_up


@pytest.mark.parametrize(
    ("utterance", "cues"),
    [
        ("and for business customers?", Cues(opens=True, ends=False, refers=False, named=2, terms=4)),
        ("how much is it then", Cues(opens=False, ends=True, refers=True, named=0, terms=5)),
        ("那要多久？", Cues(opens=True, ends=False, refers=True, named=1, terms=2)),
        ("企业客户呢", Cues(opens=False, ends=True, refers=False, named=2, terms=3)),
        ("Reset password", Cues(opens=False, ends=False, refers=False, named=2, terms=2)),
    ],
)
def test_cues_are_read_from_the_wording_alone(utterance: str, cues: Cues) -> None:
    assert cues_of(utterance) == cues


def test_traditional_writing_and_case_change_no_cue() -> None:
    assert cues_of("那麼運費呢？") == cues_of("那么运费呢？")
    assert cues_of("AND EXPRESS?") == cues_of("and express?")


def test_long_message_says_what_it_is_about() -> None:
    wordy = "and it says the parcel with the blue headphones left Berlin on Tuesday but nobody has seen it anywhere"
    assert not may_follow_up(wordy)
    assert not may_follow_up("那" * (LONGEST + 1))
    assert may_follow_up("and express?")
    assert not may_follow_up("Does the Nova phone support roaming abroad?")


@pytest.mark.parametrize(
    ("utterance", "instead"),
    [
        ("no, I meant express", "express"),
        ("No I meant the return fee", "the return fee"),
        ("sorry, i meant shipping to the US", "shipping to the US"),
        ("that's not what I meant", ""),
        ("not that", ""),
        ("不是，我是说加急", "加急"),
        ("不对，我问的是退货", "退货"),
        ("我的意思是企业客户", "企业客户"),
        ("不是这个", ""),
    ],
)
def test_correction_is_what_is_asked_instead(utterance: str, instead: str) -> None:
    assert correction(utterance) == instead


@pytest.mark.parametrize(
    "utterance",
    [
        "no",
        "不是",
        "No thanks",
        "No confirmation mail, what now?",
        "not received my parcel",
        "I mean, is it free?",
        "不是会员能退吗",
        "",
        "no, I meant " + "x" * LONGEST,
    ],
)
def test_what_corrects_nothing_is_no_correction(utterance: str) -> None:
    assert correction(utterance) is None
