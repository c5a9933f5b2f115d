"""What a report says of whole runs, small and odd ones included."""

import json
from dataclasses import asdict

import pytest

from retrieval.confidence import cross_fitted_confidences, fit_examples
from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from retrieval.retriever import Retriever
from tests.fixtures.fakes import HashEncoder
from tests.training.report.conftest import HOSTILE
from tests.training.report.made import fitted_on, report_on
from tests.training.test_fitting import knowledge
from training.fitting import Fitted
from training.report import missing
from training.report.figures import RunReport
from training.report.page import page_of
from training.report.verdicts import judge


def test_every_question_is_judged_by_the_model_that_fitting_uses(fitted: Fitted) -> None:
    model = fit_examples(fitted.examples, target_error=0.1, unknown_share=0.2, seed=0)
    verdicts = judge(fitted.examples, model)
    confidences = cross_fitted_confidences(fitted.examples, unknown_share=0.2)
    assert [verdict.confidence for verdict in verdicts] == confidences.tolist()
    assert [verdict.example for verdict in verdicts] == list(fitted.examples)
    for verdict in verdicts:
        assert set(verdict.candidates) == set(verdict.example.retrieved.candidates)


def test_data_splits_and_losses_are_those_of_the_run(fitted: Fitted, report: RunReport) -> None:
    assert (report.data.questions, report.data.answers, report.data.passages) == (82, 8, 2)
    assert report.data.languages == {"en": 81, "zh": 1}
    assert (report.data.headed, report.data.tuned) == (True, False)
    assert len(report.splits) == len(fitted.mocks) == 4
    assert sum(split.known for split in report.splits) == sum(bool(each.right) for each in fitted.examples)
    assert [split.out_of_scope for split in report.splits] == [0, 0, 0, 1]
    assert [split.answers for split in report.splits] == [6, 6, 6, 6]
    assert len(report.losses) > 1
    assert report.losses[0] > report.losses[-1]
    assert (report.target_error, report.unknown_share) == (0.1, 0.2)


def test_label_issues_come_with_their_text_the_most_doubtful_first(report: RunReport) -> None:
    issues = [(each.text, each.given, each.suggested, each.doubt) for each in report.label_issues]
    assert issues == [(HOSTILE, "refund", "battery", 0.9), ("refund a", "refund", "invoice", 0.6)]
    assert report.label_issues_found == 2
    assert "label_issues" not in report.missing


def test_only_answers_that_are_named_have_a_title(report: RunReport) -> None:
    assert report.titles["refund"] == "refund my"
    assert set(report.titles) <= {question.answer_id for question in knowledge().questions}


def test_json_gives_the_report_back(report: RunReport) -> None:
    assert json.loads(report.to_json()) == json.loads(json.dumps(asdict(report)))
    assert json.loads(report.to_json())["topics"][0]["answer"] == report.topics[0].answer


def test_faq_with_two_questions_an_answer_is_reported_without_a_head() -> None:
    topics = ("refund", "invoice", "delivery", "password", "warranty")
    asked = [(t, f"{words} my {t}") for t in topics for words in ("how about", "tell me of")]
    known = Knowledge(
        [QuestionRecord(n, t, text, "en") for n, (t, text) in enumerate(asked, start=1)],
        [PassageRecord(n, t, f"The {t} takes a week.", "en") for n, t in enumerate(topics, start=1)],
    )
    report = report_on(fitted_on(known), known)
    assert report.missing["losses"] == missing.NO_HEAD
    assert report.missing["comparison"] == missing.NO_MOCKS
    assert report.missing["label_issues"] == missing.NO_DOUBTS
    assert [(row.language, row.known, row.unknown) for row in report.groups] == [("", 10, 10)]
    assert [(split.known, split.left_out) for split in report.splits] == [(10, 10)]
    assert missing.NO_HEAD in page_of(report)


def test_questions_that_nothing_else_leads_to_are_all_unknown() -> None:
    known = Knowledge([QuestionRecord(1, "a", "refund", "en"), QuestionRecord(2, "b", "invoice", "en")])
    report = report_on(fitted_on(known), known)
    assert report.missing["groups"] == missing.NO_KNOWN
    assert report.missing["comparison"] == missing.NO_COMPARISON
    assert report.groups[0].right_first is None
    assert report.comparison == ()
    page_of(report)


def test_run_without_examples_says_why_there_is_nothing_to_see() -> None:
    known = Knowledge([QuestionRecord(1, "a", "refund", "en")])
    fitted = Fitted(Retriever.build(HashEncoder(), known), None, None, (), ())
    report = report_on(fitted, known)
    assert (report.groups, report.curves, report.confidences, report.topics) == ((), (), (), ())
    assert report.missing["groups"] == missing.NO_EXAMPLES
    page = page_of(report)
    assert missing.NO_EXAMPLES in page
    assert "<svg" not in page


@pytest.mark.parametrize("languages", [("en",), ("en", "zh")])
def test_languages_are_parted_where_there_are_several(languages: tuple[str, ...]) -> None:
    rows = [
        QuestionRecord(n, q.answer_id, q.text, languages[n % len(languages)])
        for n, q in enumerate(knowledge(2).questions, start=1)
    ]
    report = report_on(fitted_on(Knowledge(rows)), Knowledge(rows))
    expected = [""] if languages == ("en",) else ["", "en", "zh"]
    assert [row.language for row in report.groups] == expected
    assert [curves.language for curves in report.curves] == expected
