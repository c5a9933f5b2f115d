"""Simple methods on the same questions as Kefu."""

from dataclasses import replace

import pytest

from retrieval.confidence import fit_examples
from tests.training.report.conftest import hostile_knowledge
from tests.training.report.made import candidate, report_on, verdict
from training.evaluation.baselines import Corpus, linear_svc
from training.fitting import Fitted
from training.report import missing
from training.report.comparison import BM25, KEFU, LARGER, NEAREST, SVC, compare
from training.report.verdicts import judge


def test_headed_runs_are_compared_with_all_methods_in_their_own_mock_installation(fitted: Fitted) -> None:
    model = fit_examples(fitted.examples, target_error=0.1, unknown_share=0.2, seed=0)
    rows = compare(judge(fitted.examples, model), fitted.mocks, unknown_share=0.2, target_error=0.1)
    assert [row.name for row in rows] == [KEFU, NEAREST, LARGER, SVC, BM25]
    hits, asked = 0, 0
    for mock in fitted.mocks:
        questions = sorted(mock.retriever.view.questions.values(), key=lambda each: each.number)
        chinese = any(question.language == "zh" for question in questions)
        corpus = Corpus([q.text for q in questions], [q.answer_id for q in questions], chinese)
        known = [example for example in mock.examples if example.right]
        found = linear_svc(corpus, [example.text for example in known]).answers
        hits += sum(answers[0] in each.right for answers, each in zip(found, known, strict=True))
        asked += len(known)
    assert rows[3].right_first == pytest.approx(hits / asked)
    assert all(0 <= row.right_first <= 1 and row.curve[-1].coverage == pytest.approx(1) for row in rows)
    assert rows[0].known_auroc is not None


def test_vector_machine_is_left_out_where_it_would_take_minutes(
    fitted: Fitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.report.comparison.MOST_SVC", 10)
    report = report_on(fitted, hostile_knowledge())
    assert [row.name for row in report.comparison] == [KEFU, NEAREST, LARGER, BM25]
    assert report.missing["comparison"] == missing.NO_SVC


def test_without_mock_installations_the_frozen_methods_look_at_the_candidates() -> None:
    near = replace(candidate("b"), question_similarity=0.9, similarity=0.9)
    text = replace(candidate("a"), question_similarity=0.2, similarity=0.95)
    one = verdict("a", "c", 0.7)
    found = replace(one.example, retrieved=replace(one.example.retrieved, candidates=(near, text)))
    rows = compare([replace(one, example=found)], (), unknown_share=0.2, target_error=0.1)
    assert [(row.name, row.right_first, row.known_auroc) for row in rows] == [
        (KEFU, 0.0, None),
        (NEAREST, 0.0, None),
        (LARGER, 1.0, None),
    ]
    assert [row.hindsight for row in rows] == [0.0, 0.0, 1.0]


def test_nothing_is_compared_without_a_known_question() -> None:
    assert compare([verdict("", "a", 0.5, group="b")], (), unknown_share=0.2, target_error=0.1) == ()
