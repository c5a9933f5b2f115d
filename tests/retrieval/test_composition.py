"""Which sentences a reply is put together from."""

import numpy as np
import pytest

from retrieval.composition import LONGEST_REPLY, Composition, Reason, compose
from retrieval.contradiction import agree
from retrieval.section_search import NOTHING_FOUND, SectionHit, SectionsFound, SentenceHit

WEIGHTS = {"return": 0.5, "cost": 0.3, "day": 0.2}


def sentence(text: str, standing: float = 2.0, terms: str = "", at: int = 0) -> SentenceHit:
    """`at` is the direction: sentences that share it say nearly the same."""
    direction = np.zeros(64, np.int8)
    direction[at] = 127
    return SentenceHit(text, standing, frozenset(terms.split()), direction)


def section(name: str, *sentences: SentenceHit, relevance: float = 5.0, language: str = "en") -> SectionHit:
    return SectionHit(
        number=1,
        section_id=name,
        document_id=f"doc_{name}",
        heading=f"Help › {name}",
        language=language,
        standing=2.0,
        sentence_standing=max(each.standing for each in sentences),
        heading_standing=1.0,
        words=0.5,
        heading_words=0.2,
        relevance=relevance,
        heading_terms=frozenset(),
        sentences=sentences,
    )


def composed(*sections: SectionHit, language: str = "en") -> Composition:
    found = compose(SectionsFound(sections, WEIGHTS), language=language)
    assert found is not None
    return found


def texts(composition: Composition) -> list[str]:
    return [each.text for each in composition.sentences]


def filler(length: int, at: int, **options) -> SentenceHit:
    return sentence("x" * length, at=at, **options)


def test_nothing_is_composed_of_nothing() -> None:
    assert compose(NOTHING_FOUND, language="en") is None


def test_short_section_is_quoted_whole_in_its_order() -> None:
    reply = composed(section("a", sentence("One.", 0.0, at=1), sentence("Two.", 3.0, "return", at=2)))
    assert texts(reply) == ["One.", "Two."]
    assert [(s.section_id, s.document_id, s.heading) for s in reply.sentences] == [
        ("a", "doc_a", "Help › a")
    ] * 2
    assert reply.coverage == pytest.approx(0.5)
    assert reply.left_out == ()


def test_of_a_long_section_the_relevant_sentences_are_taken_and_told_what_was_not() -> None:
    reply = composed(
        section(
            "a",
            filler(300, 1, standing=-2.0),
            sentence("Send it back.", 3.0, "return", at=2),
            filler(300, 3, standing=-2.0),
            sentence("Returns cost 3 euros.", 1.0, "cost", at=4),
        )
    )
    assert texts(reply) == ["Send it back.", "Returns cost 3 euros."]
    assert reply.coverage == pytest.approx(0.8)
    assert [each.reason for each in reply.left_out] == [Reason.LESS_RELEVANT] * 2


def test_reply_keeps_to_its_length() -> None:
    reply = composed(section("a", *(filler(200, at, standing=2.0) for at in range(20))))
    assert sum(map(len, texts(reply))) <= LONGEST_REPLY
    assert {each.reason for each in reply.left_out} == {Reason.TOO_LONG}


def test_sentence_that_stands_twice_is_quoted_once() -> None:
    first = section("a", sentence("Send it back in 30 days.", 3.0, "return day", at=1))
    second = section("b", sentence("Send it back within 30 days.", 2.9, "return day", at=1), relevance=4.9)
    reply = composed(first, second)
    assert reply.section_ids == ("a",)
    assert [(each.section_id, each.reason) for each in reply.left_out] == [("b", Reason.REPEATS)]


@pytest.mark.parametrize(
    "other",
    ["Send it back in 14 days.", "You cannot send it back in 30 days.", "Send it back in 30, 31 days."],
)
def test_of_two_that_contradict_each_other_the_less_relevant_is_left_out(other: str) -> None:
    first = section("a", sentence("Send it back in 30 days.", 3.0, "return day", at=1))
    second = section("b", sentence(other, 2.9, "return day", at=1), relevance=4.9)
    reply = composed(first, second)
    assert texts(reply) == ["Send it back in 30 days."]
    assert [(each.text, each.reason) for each in reply.left_out] == [(other, Reason.CONTRADICTS)]


def test_second_section_adds_what_the_first_lacks() -> None:
    first = section("a", sentence("Send it back.", 2.0, "return", at=1))
    second = section("b", sentence("It costs 3 euros.", 2.0, "cost", at=2), relevance=4.5)
    assert texts(composed(first, second)) == ["Send it back.", "It costs 3 euros."]


def test_far_less_relevant_section_is_not_quoted() -> None:
    first = section("a", sentence("Send it back.", 2.0, "return", at=1))
    second = section("b", sentence("It costs 3 euros.", 2.0, "cost", at=2), relevance=3.0)
    assert composed(first, second).section_ids == ("a",)


def test_sentence_that_points_back_brings_the_one_before() -> None:
    reply = composed(
        section(
            "a",
            sentence("Keep the receipt.", -3.0, at=1),
            sentence("It is free.", 3.0, "cost", at=2),
            filler(500, 3, standing=-3.0),
        )
    )
    assert texts(reply) == ["Keep the receipt.", "It is free."]


def test_source_in_the_language_of_the_question_comes_first_and_another_is_taken_where_there_is_none() -> (
    None
):
    chinese = section("zh", sentence("七天内可以退货。", at=1), relevance=5.5, language="zh")
    english = section("en", sentence("Send it back.", at=2), relevance=5.0)
    assert composed(chinese, english).section_ids == ("en",)
    assert composed(chinese).sentences[0].language == "zh"


def test_numbers_and_negations_have_to_match() -> None:
    assert agree("Two parcels of 1,000 g in 3 days", "In 3 days 2 parcels of 1000 g")
    assert not agree("Two parcels of 1,000 g in 3 days", "Two parcels of 1,000 g in 4 days")
    assert not agree("We keep it for at least 3 days", "We keep it for at most 3 days")
    assert agree("七天内可以退货", "可以在七天内退货")
    assert not agree("七天内可以退货", "十四天内可以退货")
    assert not agree("可以退货", "不可以退货")
    assert not agree("You can pay in cash", "You can't pay in cash")
    assert agree("It isn't free", "It is not free")
