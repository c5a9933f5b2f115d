import numpy as np
import pytest

from retrieval.background import (
    ENOUGH_RECORDS,
    LEAST_DEVIATION,
    Spread,
    background_of,
    measure_backgrounds,
)
from retrieval.records import PassageRecord, QuestionRecord
from tests.fixtures.fakes import HashEncoder


def measured(questions, vectors, passages=(), passage_vectors=None):
    return measure_backgrounds(
        HashEncoder(2),
        questions=questions,
        question_vectors=np.array(vectors, np.float32).reshape(-1, 2),
        passages=passages,
        passage_vectors=np.empty((0, 2), np.float32) if passage_vectors is None else passage_vectors,
    )


def test_standing_counts_deviations_above_the_mean() -> None:
    found = Spread(0.8, 0.05).standing(np.array([0.8, 0.9, 0.7], np.float32))
    assert found.tolist() == pytest.approx([0.0, 2.0, -2.0], abs=1e-5)


def test_questions_of_one_answer_are_no_background_for_each_other() -> None:
    """Two answers at a right angle, half of the questions each: every unrelated cosine is 0, every related one 1."""
    half = ENOUGH_RECORDS // 2
    questions = [QuestionRecord(n + 1, "a" if n < half else "b", "text", "en") for n in range(ENOUGH_RECORDS)]
    found = measured(questions, [[1, 0]] * half + [[0, 1]] * half)
    assert found["en"].questions == Spread(0.0, LEAST_DEVIATION)


def test_passages_have_a_background_of_their_own() -> None:
    """Unrelated question and passage always have cosine 0.6."""
    count = ENOUGH_RECORDS
    questions = [QuestionRecord(n + 1, f"q{n}", "text", "en") for n in range(count)]
    passages = [PassageRecord(n + 1, f"p{n}", "text", "en") for n in range(count)]
    found = measured(questions, [[1, 0]] * count, passages, np.array([[0.6, 0.8]] * count, np.float32))
    assert found["en"].questions.mean == pytest.approx(1.0)
    assert found["en"].passages.mean == pytest.approx(0.6)


def test_few_questions_are_measured_with_reference_questions() -> None:
    one = measured([QuestionRecord(1, "a", "text", "en")], [[1, 0]])
    none = measured([], [])
    assert 0 < one["en"].questions.deviation < 1
    assert abs(one["en"].questions.mean - none["en"].questions.mean) < 0.1


def test_unseen_language_takes_the_background_of_all() -> None:
    found = measured([], [])
    assert set(found) == {"", "en", "zh"}
    assert background_of(found, "fr") == found[""]
    assert background_of(found, "zh") == found["zh"]
