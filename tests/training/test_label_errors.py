"""Probable label errors: what is flagged on clusters with known flips, and what never is."""

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.records import QuestionRecord
from training.discriminant import cross_judges, probabilities
from training.label_errors import EVEN_DOUBT, LEAST_DOUBT, LabelIssue, find_label_issues

CLASSES, EACH, DIMENSION = 8, 40, 32
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def word(number: int) -> str:
    """Numbers would be near-duplicates of each other, words are not."""
    return "".join(LETTERS[number // 26**place % 26] for place in range(3))


def questions(labels: list[int]) -> list[QuestionRecord]:
    return [
        QuestionRecord(row + 1, f"a{label}", f"how about {word(row)}", "en")
        for row, label in enumerate(labels)
    ]


def clusters(*, spread: float, seed: int = 0) -> tuple[NDArray[np.float32], list[int]]:
    """Unit rows around random centres, and the class of each."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((CLASSES, DIMENSION))
    labels = [row % CLASSES for row in range(CLASSES * EACH)]
    rows = centres[labels] + spread * random.standard_normal((len(labels), DIMENSION))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), labels


@cache
def flipped() -> tuple[tuple[LabelIssue, ...], dict[int, int]]:
    """The issues where every tenth question has another's label, and number → right class of these."""
    rows, labels = clusters(spread=0.6)
    wrong = list(labels)
    for row in range(0, len(labels), 10):
        wrong[row] = (labels[row] + 1 + row // 10 % (CLASSES - 1)) % CLASSES
    return find_label_issues(questions(wrong), rows, seed=0), {
        row + 1: labels[row] for row in range(0, len(labels), 10)
    }


def test_flipped_labels_are_found_and_hardly_anything_else() -> None:
    issues, flips = flipped()
    found = {issue.number for issue in issues}
    assert len(found & flips.keys()) / len(flips) >= 0.9
    assert len(found & flips.keys()) / len(found) >= 0.9


def test_the_right_answer_is_suggested() -> None:
    issues, flips = flipped()
    right = [issue.suggested == f"a{flips[issue.number]}" for issue in issues if issue.number in flips]
    assert np.mean(right) >= 0.95


def test_issues_come_by_falling_doubt() -> None:
    issues, _ = flipped()
    doubts = [issue.doubt for issue in issues]
    assert doubts == sorted(doubts, reverse=True)
    assert LEAST_DOUBT <= doubts[-1] < doubts[0] <= 1


def test_nothing_is_flagged_on_well_separated_clusters() -> None:
    rows, labels = clusters(spread=0.3)
    assert find_label_issues(questions(labels), rows, seed=0) == ()


def test_same_seed_gives_the_same_issues() -> None:
    rows, labels = clusters(spread=1.2)
    first, second = (find_label_issues(questions(labels), rows, seed=3) for _ in range(2))
    assert first == second != ()


def test_only_question_of_an_answer_is_never_flagged() -> None:
    """It lies in the middle of another answer's questions."""
    rows, labels = clusters(spread=0.3)
    alone = [*questions(labels), QuestionRecord(900, "alone", "how about it then", "en")]
    issues = find_label_issues(alone, np.vstack([rows, rows[:1]]), seed=0)
    assert issues == ()


def test_text_of_two_answers_is_listed_under_the_less_probable_one() -> None:
    rows, labels = clusters(spread=0.3)
    more = [
        QuestionRecord(900, "a5", "How about AAA?", "en"),
        QuestionRecord(901, "a0", "how about aaa!", "en"),
    ]
    (issue,) = find_label_issues([*questions(labels), *more], np.vstack([rows, rows[[0, 0]]]), seed=0)
    assert (issue.number, issue.given, issue.suggested) == (900, "a5", "a0")
    assert issue.doubt > 0.9


def test_contradiction_is_listed_even_where_nothing_can_be_learned() -> None:
    """Two questions, two answers: the text is the same, and so there is nothing but the names to choose by."""
    both = [QuestionRecord(1, "yes", "is it open", "en"), QuestionRecord(2, "no", "Is it open?", "en")]
    rows = np.ones((2, 4), np.float32) / 2
    assert find_label_issues(both, rows, seed=0) == (LabelIssue(1, "yes", "no", EVEN_DOUBT),)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_one_answer_has_no_issues(count: int) -> None:
    assert find_label_issues(questions([0] * count), np.ones((count, 4), np.float32), seed=0) == ()


def test_probabilities_of_two_answers_on_a_line() -> None:
    """Means -1 and 1, variance about 1: at 0 both are even, at 1 the right one is ahead."""
    vectors = np.array([[-2.0], [0.0], [0.0], [2.0], [0.0], [1.0]], np.float32)
    labels = np.array([0, 0, 1, 1, 0, 1], np.int64)
    judges = cross_judges(vectors, labels, np.array([0, 0, 0, 0, 1, 1], np.int64))
    assert [judge.rows.tolist() for judge in judges] == [[0, 1, 2, 3], [4, 5]]
    assert judges[1].seen.tolist() == [2, 2]
    block = list(probabilities(vectors, judges, 1.0))[-1]
    # Covariance: 4 squares of 1 over 2 degrees of freedom are 2; one further direction's worth leaves it at 2.
    # Discriminant at x: ±x/2 - 1/4, so at 1 the odds are e.
    np.testing.assert_allclose(block.chances, [[0.5, 0.5], [1 / (1 + np.e), np.e / (1 + np.e)]], atol=1e-6)


def test_nothing_is_flagged_where_vectors_tell_nothing() -> None:
    _, labels = clusters(spread=0.3)
    rows = np.random.default_rng(1).standard_normal((len(labels), DIMENSION)).astype(np.float32)
    assert find_label_issues(questions(labels), rows, seed=0) == ()


def test_near_duplicates_do_not_vouch_for_each_other() -> None:
    """Ten wordings that differ in numbers alone have one wrong label, and are still found: none has seen another."""
    rows, labels = clusters(spread=0.3)
    copies = [QuestionRecord(900 + n, "a1", f"order {n} is late", "en") for n in range(10)]
    issues = find_label_issues([*questions(labels), *copies], np.vstack([rows, *[rows[:1]] * 10]), seed=0)
    assert {(issue.number, issue.given, issue.suggested) for issue in issues} == {
        (900 + n, "a1", "a0") for n in range(10)
    }
