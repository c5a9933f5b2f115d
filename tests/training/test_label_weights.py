"""How much questions count: 1 on average, less with a weaker source, and less in doubt where much is doubtful."""

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.ngrams import hashed_ngrams
from retrieval.records import QuestionRecord
from tests.fixtures.fakes import HashEncoder
from training.encoder_tuning import FrozenTrunk, TuningSettings, tune
from training.label_errors import LabelIssue
from training.label_weights import by_size, fair_to_ask, question_weights
from training.wording import fit_wording

QUESTIONS = [QuestionRecord(number, "a", f"question {number}", "en") for number in range(1, 5)]


def weights(doubts: dict[int, float], sources: dict[int, str]) -> NDArray[np.float32]:
    issues = [LabelIssue(number, "a", "b", doubt) for number, doubt in doubts.items()]
    found = question_weights(QUESTIONS, issues, sources)
    assert found.mean() == pytest.approx(1)
    return found / found[3]  # the fourth question is beyond doubt


def test_questions_without_doubt_and_source_count_alike() -> None:
    assert weights({}, {}).tolist() == [1, 1, 1, 1]


def test_doubt_halves_and_more_doubt_leaves_a_tenth() -> None:
    np.testing.assert_allclose(weights({1: 0.01, 2: 0.75, 3: 1.0}, {}), [0.5, 0.3, 0.1, 1], rtol=1e-6)


def test_weaker_sources_count_less_and_unknown_ones_in_full() -> None:
    sources = {1: "visitor_choice", 2: "agent_reply", 3: "some other", 4: "import"}
    np.testing.assert_allclose(weights({}, sources), [0.7, 0.9, 1, 1], rtol=1e-6)


def test_what_an_operator_said_counts_in_full() -> None:
    np.testing.assert_allclose(weights({1: 1.0, 2: 1.0}, {1: "operator"}), [1, 0.1, 1, 1], rtol=1e-6)


def test_doubt_counts_only_where_more_than_a_twentieth_is_doubtful() -> None:
    many = [QuestionRecord(number, "a", f"question {number}", "en") for number in range(1, 41)]
    issues = [LabelIssue(number, "a", "b", 1.0) for number in (1, 2, 3)]
    assert question_weights(many, issues[:2], {}).tolist() == [1.0] * 40
    assert question_weights(many, issues, {})[0] == pytest.approx(0.1 * 40 / 37.3)


MANY = [QuestionRecord(number, "a", f"question {number}", "en") for number in range(1, 401)]
NUMBERS = frozenset(range(1, 401))


def test_the_most_doubtful_above_a_twentieth_are_not_asked_unless_an_operator_said_so() -> None:
    issues = [LabelIssue(number, "a", "b", 1 - number / 1000) for number in (7, 3, 9, *range(20, 39))]
    assert fair_to_ask(MANY, issues, {}) == NUMBERS - {7, 3}  # 22 are doubtful, 20 are a twentieth
    assert fair_to_ask(MANY, issues, {7: "operator"}) == NUMBERS - {3}
    assert fair_to_ask(MANY, issues[:20], {}) == NUMBERS


def test_what_visitors_said_is_not_asked_where_much_is_doubtful_and_others_said_enough() -> None:
    sources = dict.fromkeys(range(1, 51), "visitor_choice") | dict.fromkeys(
        range(51, 101), "visitor_agreement"
    )
    issues = [LabelIssue(number, "a", "b", 0.9) for number in range(41, 62)]
    assert fair_to_ask(MANY, issues, sources) == NUMBERS - set(range(1, 101))
    assert fair_to_ask(MANY, issues[1:], sources) == NUMBERS
    assert fair_to_ask(MANY, issues, {**sources, 101: "visitor_choice"}) == NUMBERS - {41}


TEXTS = ["my card is lost", "card lost", "lost card", "card lost again", "where is the order", "order late"]
LABELS = np.array([0, 0, 0, 1, 1, 1], np.int64)  # the fourth is wrong
FAINT = np.array([1.16, 1.16, 1.16, 0.2, 1.16, 1.16], np.float32)


def test_head_holds_less_to_what_counts_less() -> None:
    trunk = FrozenTrunk(HashEncoder())
    states, vectors = trunk.states(TEXTS), HashEncoder().encode_queries(TEXTS)
    margins = []
    for counted in (None, FAINT):
        top = tune(trunk, states, vectors, LABELS, settings=TuningSettings(epochs=5), weights=counted)
        right, wrong = (trunk.vectors(states, top.layers) @ top.weights.T + top.biases)[3]
        margins.append(wrong - right)
    assert margins[1] < margins[0] - 1


def test_even_weights_change_nothing() -> None:
    trunk = FrozenTrunk(HashEncoder())
    states, vectors = trunk.states(TEXTS), HashEncoder().encode_queries(TEXTS)
    plain, even = (
        tune(trunk, states, vectors, LABELS, settings=TuningSettings(epochs=3), weights=counted)
        for counted in (None, np.ones(6, np.float32))
    )
    np.testing.assert_array_equal(plain.weights, even.weights)


def test_wording_holds_less_to_what_counts_less() -> None:
    columns, values = hashed_ngrams(TEXTS[3])
    margins = []
    for counted in (None, FAINT):
        wording = fit_wording(TEXTS, LABELS, seed=0, weights=counted)
        weighed = values * wording.rarity[columns]
        reading = weighed / np.linalg.norm(weighed) @ wording.weights[columns] + wording.biases
        margins.append(reading[1] - reading[0])
    assert margins[1] < margins[0] - 0.3


def test_trust_of_a_question_goes_before_that_of_its_source() -> None:
    pair = QUESTIONS[:2]
    sources = {question.number: "mined" for question in pair}
    found = question_weights(pair, [], sources, {pair[0].number: 0.35})
    assert found.tolist() == pytest.approx([0.35 / 0.525, 0.7 / 0.525])


def test_questions_of_larger_answers_count_a_little_less_each() -> None:
    # 16 and 1 questions: 16^-1/4 = 1/2 and 1, mean (16 / 2 + 1) / 17 = 9/17.
    weights = by_size(np.array([0] * 16 + [1]))
    assert weights[0] == pytest.approx(17 / 18)
    assert weights[-1] == pytest.approx(17 / 9)
    assert by_size(np.array([0, 1, 1, 0])) == pytest.approx(np.ones(4))
