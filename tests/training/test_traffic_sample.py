"""Messages drawn at random from traffic: what they are asked of, and what they do to the cut-offs."""

from dataclasses import replace

import numpy as np

from retrieval.confidence import fit_examples
from retrieval.cutoffs import LEAST_DRAWN, Judged, choose_cutoffs
from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from tests.fixtures.fakes import HashEncoder
from tests.fixtures.shops import shop_knowledge
from training.fitting import fit
from training.label_weights import fair_to_ask
from training.traffic_sample import TrafficSample

QUESTIONS = [
    QuestionRecord(1, "refund", "where is my refund", "en"),
    QuestionRecord(2, "refund", "money back", "en"),
    QuestionRecord(3, "parcel", "where is my parcel", "en"),
]
PASSAGES = [PassageRecord(1, "refund", "Within a week.", "en"), PassageRecord(2, "parcel", "Tomorrow.", "en")]


def judged(confidences: list[float], right: list[bool]) -> Judged:
    values, flags = np.array(confidences), np.array(right)
    return Judged(values, flags, values, flags)


def test_drawn_questions_are_asked_of_all_the_others() -> None:
    fold = TrafficSample({2: 4.0, 3: 4.0}, {}).fold(Knowledge(QUESTIONS, PASSAGES))
    assert [question.number for question in fold.knowledge.questions] == [1]
    assert [passage.number for passage in fold.knowledge.passages] == [1]
    assert [question.number for question in fold.known] == [2]
    assert [question.number for question in fold.unknown] == [3]  # nothing else led to its answer


def test_examples_of_drawn_messages_stand_for_what_they_were_drawn_from() -> None:
    knowledge = shop_knowledge(frames=8, answers=6, chinese=False)
    drawn = [question.number for question in knowledge.questions[3::7]]
    sample = TrafficSample({number: float(number) for number in drawn}, {("who won the match", "en"): 5.0})
    fitted = fit(HashEncoder(), knowledge, backbone=None, drawn=sample)
    texts = {question.number: question.text for question in knowledge.questions}
    assert {(each.text, each.stands_for) for each in fitted.drawn} == {
        *((texts[number], float(number)) for number in drawn),
        ("who won the match", 5.0),
    }
    assert [each.right for each in fitted.drawn][-1] == frozenset()
    assert all(each.stands_for == 0 for each in fitted.examples)


def test_a_drawn_message_counts_however_doubtful_its_label_looks() -> None:
    knowledge = shop_knowledge(frames=8, answers=6, chinese=False)
    answers = sorted({question.answer_id for question in knowledge.questions})
    flipped = {
        question.number: answers[(answers.index(question.answer_id) + 1) % len(answers)]
        for question in knowledge.questions[::6]
    }
    dirty = Knowledge(
        [replace(each, answer_id=flipped.get(each.number, each.answer_id)) for each in knowledge.questions],
        knowledge.passages,
    )
    sample = TrafficSample(dict.fromkeys(flipped, 3.0), {})
    fitted = fit(HashEncoder(), dirty, backbone=None, drawn=sample)
    doubtful = {issue.number for issue in fitted.label_issues}
    assert doubtful & flipped.keys()
    assert not flipped.keys() <= fair_to_ask(dirty.questions, fitted.label_issues, {})
    texts = {question.number: question.text for question in dirty.questions}
    assert sorted(each.text for each in fitted.drawn) == sorted(texts[number] for number in flipped)


def test_what_is_drawn_lowers_the_cutoff_where_it_is_easier_and_there_is_enough_of_it() -> None:
    hard = judged([0.9] * 100 + [0.5] * 100, [True] * 100 + [False] * 100)
    easy = judged([0.9] * 60 + [0.5] * 60, [True] * 120)

    def cutoff(drawn: Judged | None) -> float:
        return choose_cutoffs(hard, target_error=0.1, basis="all", drawn=drawn).answer_at

    few = np.arange(120) < LEAST_DRAWN - 1
    assert cutoff(None) == 0.9
    assert cutoff(easy.only(few)) == 0.9
    assert cutoff(easy) == 0.5


def test_where_what_is_drawn_is_harder_the_others_promise_nothing() -> None:
    easy = judged([0.9] * 100 + [0.5] * 100, [True] * 200)
    hard = judged([0.9] * 60 + [0.5] * 60, [True] * 60 + [False] * 60)
    assert choose_cutoffs(easy, target_error=0.1, basis="all", drawn=hard).answer_at == 0.9


def test_model_is_the_same_where_nothing_was_drawn() -> None:
    knowledge = shop_knowledge(frames=8, answers=6, chinese=False)
    plain = fit(HashEncoder(), knowledge, backbone=None)
    empty = fit(HashEncoder(), knowledge, backbone=None, drawn=TrafficSample({}, {}))
    models = [
        fit_examples((*each.examples, *each.drawn), target_error=0.1, unknown_share=0.3, seed=0)
        for each in (plain, empty)
    ]
    assert models[0] == models[1]
