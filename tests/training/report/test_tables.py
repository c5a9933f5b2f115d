"""Rows by language and by answer, confused pairs and mistakes, worked by hand."""

import pytest

from retrieval.confidence_model import Cutoffs
from retrieval.decision import Outcome
from retrieval.leave_one_out import OUT_OF_SCOPE
from tests.training.report.made import verdict
from training.report.tables import (
    Confusion,
    TopicRow,
    confusions,
    group_row,
    likeliest_intruders,
    topic_rows,
    worst_mistakes,
)

BACK, PERSON = Outcome.CLARIFIED, Outcome.HANDED_OFF
VERDICTS = [
    verdict("a", "a b", 0.9),
    verdict("a", "b a", 0.8, text="sure and wrong"),
    verdict("a", "b c", 0.4, BACK),
    verdict("b", "b", 0.3, BACK),
    verdict("b", "a b", 0.6, BACK, text="second"),
    verdict("", "a", 0.7, group="c", text="its answer is gone"),
    verdict("", "b", 0.1, PERSON, group=f"{OUT_OF_SCOPE}x", text="no answer at all"),
]


def test_language_row_counts_unknown_questions_as_expected() -> None:
    row = group_row("en", VERDICTS, unknown_share=0.5, cutoffs=Cutoffs(0.65, 0.3, 0.6, "language", 7))
    # five known ones stand for 0.1 each, two unknown ones for 0.25
    assert (row.known, row.unknown, row.answer_at, row.basis) == (5, 2, 0.65, "language")
    assert row.right_first == pytest.approx(2 / 5)
    assert row.coverage == pytest.approx(0.1 + 0.1 + 0.25)
    assert row.error == pytest.approx((0.1 + 0.25) / 0.45)
    assert row.clarified == pytest.approx(0.3)
    assert row.handed_off == pytest.approx(0.25)
    assert row.unknown_answered == pytest.approx(0.5)


def test_language_without_known_or_unknown_questions_leaves_their_figures_open() -> None:
    cutoffs = Cutoffs(0.9, 0.5, 0.5, "default", 1)
    known = group_row("en", VERDICTS[:1], unknown_share=0.5, cutoffs=cutoffs)
    assert (known.right_first, known.unknown_answered, known.coverage) == (1.0, None, 1.0)
    unknown = group_row("en", VERDICTS[-1:], unknown_share=0.5, cutoffs=None)
    assert (unknown.right_first, unknown.coverage, unknown.error, unknown.answer_at) == (None, 0.0, 0.0, None)


def test_topics_are_the_largest_answers_and_among_equals_the_worst_first() -> None:
    rows = topic_rows(VERDICTS, {"a": 10, "b": 10, "c": 12})
    assert rows == (
        TopicRow("c", questions=12, asked=0, right_first=0, answered=0, wrong=0, intruded=0),
        TopicRow("a", questions=10, asked=3, right_first=1, answered=2, wrong=1, intruded=1),
        TopicRow("b", questions=10, asked=2, right_first=1, answered=0, wrong=0, intruded=1),
    )
    assert len(topic_rows(VERDICTS, {f"t{n}": n for n in range(50)})) == 20


def test_confused_pairs_count_both_directions_and_show_the_surest_example() -> None:
    assert confusions(VERDICTS) == (
        Confusion("a", "b", first_for_second=1, second_for_first=2, asked=5, example="sure and wrong"),
    )
    assert confusions(VERDICTS)[0].count == 3
    assert confusions([VERDICTS[0], VERDICTS[5]]) == ()


def test_mistakes_come_by_falling_confidence_with_evidence_for_both_answers() -> None:
    mistakes = worst_mistakes(VERDICTS)
    assert [(each.text, each.given.confidence) for each in mistakes] == [
        ("sure and wrong", 0.8),
        ("second", 0.6),
        ("a asked at 0.4", 0.4),
    ]
    first = mistakes[0]
    assert (first.given.answer, first.given.rank, first.given.question) == ("b", 1, "question of b")
    assert (first.given.similarity, first.given.words, first.given.support) == (0.5, 0.25, 0.5)
    assert first.expected is not None
    assert (first.expected.answer, first.expected.rank, first.expected.confidence) == ("a", 2, 0.05)
    assert (mistakes[2].right, mistakes[2].expected) == (("a",), None)
    assert (first.outcome, mistakes[1].outcome) == ("answered", "clarified")


def test_candidates_below_the_third_have_no_confidence() -> None:
    expected = worst_mistakes([verdict("x", "a b c x", 0.9)])[0].expected
    assert expected is not None
    assert (expected.rank, expected.confidence) == (4, None)


def test_only_fifty_mistakes_are_shown() -> None:
    many = [verdict("a", "b", place / 100) for place in range(80)]
    assert [each.given.confidence for each in worst_mistakes(many)] == [
        place / 100 for place in range(79, 29, -1)
    ]


def test_unknown_questions_are_listed_apart_with_what_was_taken_away() -> None:
    found = [(each.text, each.right, each.left_out) for each in likeliest_intruders(VERDICTS)]
    assert found == [("its answer is gone", (), "c"), ("no answer at all", (), "")]
