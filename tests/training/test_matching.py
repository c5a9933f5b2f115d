"""Questions find the texts that answer them, on made vectors where the way from one to the other is known."""

from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from tests.fixtures.fakes import HashEncoder
from training.matching import LEAST_PAIRS, SCALE, fit_matching, is_matched

SIZE, ANSWERS, ASKED = 24, 80, 60


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


class TurnedEncoder(HashEncoder):
    """ "text 7" lies anywhere; "question 7" lies where text 7 does, but turned."""

    def __init__(self) -> None:
        super().__init__(SIZE)
        random = np.random.default_rng(3)
        self.texts = unit(random.normal(size=(ANSWERS, SIZE)))
        turn = np.linalg.qr(random.normal(size=(SIZE, SIZE)))[0]
        turned = 0.36 * self.texts + 0.64 * self.texts @ turn
        self.questions = unit(turned + 0.02 * random.normal(size=(ANSWERS, SIZE)))

    def encode_queries(self, texts: Sequence[str], *, progress=None) -> np.ndarray:
        return self.questions[[int(text.split()[1]) for text in texts]].reshape(-1, SIZE)

    def encode_passages(self, texts: Sequence[str], *, progress=None) -> np.ndarray:
        """Under its heading a text lies where it does alone."""
        return self.texts[[int(text.split()[-1]) for text in texts]].reshape(-1, SIZE)


def knowledge(questions: Sequence[int]) -> Knowledge:
    return Knowledge(
        [QuestionRecord(n, f"a{n:02}", f"question {n - 1}", "en") for n in (q + 1 for q in questions)],
        [PassageRecord(n, f"a{n:02}", f"text {n - 1}", "en") for n in range(1, ANSWERS + 1)],
    )


def right_first(encoder: TurnedEncoder, head, questions: Sequence[int]) -> float:
    readings = [head.read(encoder.questions[number], "") for number in questions]
    return float(
        np.mean([each.best(1) == [f"a{n + 1:02}"] for each, n in zip(readings, questions, strict=True)])
    )


def test_adapter_finds_texts_that_no_question_was_learned_for() -> None:
    encoder = TurnedEncoder()
    head = fit_matching(encoder, knowledge(range(ASKED)), np.ones(ASKED, np.float32), seed=0)
    unseen = range(ASKED, ANSWERS)
    nearest = (encoder.questions[ASKED:] @ encoder.texts.T).argmax(axis=1)
    assert (nearest == np.arange(ASKED, ANSWERS)).mean() <= 0.3
    assert right_first(encoder, head, unseen) >= 0.65
    assert head.wording is None
    assert head.answers == tuple(f"a{n:02}" for n in range(1, ANSWERS + 1))


def test_columns_are_the_text_under_its_heading_and_the_heading() -> None:
    encoder = TurnedEncoder()
    head = fit_matching(encoder, knowledge(range(ASKED)), np.ones(ASKED, np.float32), seed=0)
    np.testing.assert_allclose(
        head.meaning[:, 4], SCALE * unit(encoder.texts[4] + encoder.questions[4]), rtol=1e-5
    )
    np.testing.assert_allclose(head.meaning[:, 70], SCALE * encoder.texts[70], rtol=1e-5)
    assert not head.meaning_bias.any()


def test_answer_without_a_text_lies_where_its_questions_do() -> None:
    encoder = TurnedEncoder()
    known = knowledge(range(ASKED))
    more = [QuestionRecord(n, "untold", f"question {n - 1}", "en") for n in (79, 80)]
    head = fit_matching(
        encoder,
        Knowledge([*known.questions, *more], [p for p in known.passages if p.number < 79]),
        np.ones(ASKED + 2, np.float32),
        seed=0,
    )
    assert head.answers[-1] == "untold"
    np.testing.assert_allclose(
        head.meaning[:, -1], SCALE * unit(encoder.questions[78] + encoder.questions[79]), rtol=1e-5
    )


def test_questions_without_weight_teach_nothing() -> None:
    encoder = TurnedEncoder()
    head = fit_matching(encoder, knowledge(range(ASKED)), np.zeros(ASKED, np.float32), seed=0)
    assert head.adapter is not None
    assert not head.adapter.any()


def test_same_question_of_two_answers_is_right_for_both() -> None:
    """With these two answers alone nothing is wrong, so nothing is to be learned; were each the other's negative, it would be."""
    encoder = TurnedEncoder()
    shared = [QuestionRecord(n, f"a0{n}", "question 0", "en") for n in (1, 2)]
    texts = knowledge(()).passages[:2]
    weights = np.ones(2, np.float32)
    head = fit_matching(encoder, Knowledge(shared, texts), weights, seed=0)
    assert head.adapter is not None
    np.testing.assert_allclose(head.adapter, 0.0, atol=1e-6)
    apart = [shared[0], QuestionRecord(2, "a02", "question 1", "en")]
    other = fit_matching(encoder, Knowledge(apart, texts), weights, seed=0)
    assert other.adapter is not None
    assert np.abs(other.adapter).max() > 0.01


def test_same_seed_gives_the_same_adapter() -> None:
    encoder = TurnedEncoder()
    first, second, other = (
        fit_matching(encoder, knowledge(range(ASKED)), np.ones(ASKED, np.float32), seed=seed).adapter
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_knowledge_without_pairs_has_no_adapter() -> None:
    encoder = TurnedEncoder()
    head = fit_matching(encoder, knowledge(()), np.empty(0, np.float32), seed=0)
    assert head.adapter is None
    assert head.meaning.shape == (SIZE, ANSWERS)


@pytest.mark.parametrize(("pairs", "matched"), [(LEAST_PAIRS, True), (LEAST_PAIRS - 1, False)])
def test_fifty_questions_with_texts_are_needed(pairs: int, matched: bool) -> None:
    assert is_matched(knowledge(range(pairs))) is matched
    assert not is_matched(Knowledge(knowledge(range(pairs)).questions))
