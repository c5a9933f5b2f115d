"""What is kept from every model, so that the gate can ask it."""

from collections.abc import Mapping

from retrieval.near_duplicates import near_duplicate_key
from retrieval.records import Knowledge, QuestionRecord
from retrieval.training_export import TrainingExport
from training.fence import (
    LEAST_KEYS,
    LEAST_ROWS,
    NO_FENCE,
    SHARE,
    draw_fence,
    key_digest,
    taught_part,
    withheld_keys,
)

WORDS = [f"{first}{second}" for first in "bdfgklmnprst" for second in ("alo", "emi", "ino", "orra", "ushi")]


def _name(answer: int) -> str:
    """A word for each answer; numbers would all count as the same word."""
    return "".join("aeioubdfgk"[int(digit)] for digit in f"{answer:03}")


def export(
    answers: int = 20,
    each: int = 40,
    *,
    first: int = 1,
    sources: Mapping[int, str] | None = None,
    conversations: Mapping[int, str] | None = None,
) -> TrainingExport:
    """Questions of two made-up words, all different."""
    rows = [
        QuestionRecord(first + answer * each + place, f"a{answer}", f"{word} {_name(answer)}", "en")
        for answer in range(answers)
        for place, word in enumerate(WORDS[:each])
    ]
    return TrainingExport(
        Knowledge(rows), (), "digest", sources=sources or {}, conversations=conversations or {}
    )


def test_about_a_tenth_is_fenced_and_stays_so_when_questions_are_added() -> None:
    small, large = export(20), export(30)
    before, after = draw_fence(small), draw_fence(large)
    assert abs(len(before.judged) / 800 - SHARE) < 0.03
    assert before.judged < after.judged
    assert {n for n in after.judged if n <= 800} == before.judged


def test_nothing_fenced_is_taught_nor_anything_that_has_its_words() -> None:
    copies = [
        QuestionRecord(5000 + q.number, "other", f"{q.text.upper()} ?", "en")
        for q in export().knowledge.questions[:200]
    ]
    doubled = TrainingExport(Knowledge([*export().knowledge.questions, *copies]), (), "d")
    fence = draw_fence(doubled)
    taught = taught_part(doubled, fence).knowledge.questions
    keys = {near_duplicate_key(q.text) for q in doubled.knowledge.questions if q.number in fence.judged}
    assert keys
    assert keys.isdisjoint(near_duplicate_key(q.text) for q in taught)
    assert len(taught) == len(doubled.knowledge.questions) - len(fence.withheld)
    assert any(number > 5000 for number in fence.withheld)


def test_conversations_are_on_one_side() -> None:
    talks = {number: f"cnv_{number % 100}" for number in range(1, 801)}
    fence = draw_fence(export(conversations=talks))
    fenced = {talks[number] for number in fence.withheld}
    assert fence.judged
    assert all((talks[number] in fenced) == (number in fence.withheld) for number in talks)


def test_mined_questions_and_visitors_choices_are_never_judged() -> None:
    half = {number: ("mined", "visitor_choice")[number % 2] for number in range(1, 401)}
    fence = draw_fence(export(30, sources=half))
    assert fence.judged
    assert min(fence.judged) > 400


def test_answers_with_few_questions_keep_them_and_small_sets_all() -> None:
    assert draw_fence(export(200, LEAST_KEYS - 1)) == NO_FENCE
    assert draw_fence(export(10, 12)) == NO_FENCE
    assert len(draw_fence(export(80, LEAST_KEYS)).judged) >= LEAST_ROWS


def test_manifest_tells_what_was_kept_back() -> None:
    drawn = export()
    fence = draw_fence(drawn)
    told = withheld_keys({"fence": fence.to_json()})
    assert told == fence.keys
    for question in drawn.knowledge.questions:
        assert (key_digest(near_duplicate_key(question.text)) in told) == (question.number in fence.withheld)
    assert withheld_keys({}) == frozenset()
