from dataclasses import replace

import pytest

from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from tests.training.report.made import fitted_on, report_on
from tests.training.test_fitting import knowledge
from training.fitting import Fitted
from training.label_errors import LabelIssue
from training.report.figures import RunReport

HOSTILE = "<script>alert('my refund')</script>"


def hostile_knowledge() -> Knowledge:
    """In two languages; a question and an answer text are markup."""
    known = knowledge()
    return Knowledge(
        [
            *known.questions,
            QuestionRecord(900, "refund", HOSTILE, "en"),
            QuestionRecord(901, "invoice", "开发票", "zh"),
        ],
        [*known.passages, PassageRecord(2, "invoice", "<img src=x onerror=alert(1)>", "en")],
    )


@pytest.fixture(scope="session")
def fitted() -> Fitted:
    return fitted_on(hostile_knowledge(), (("<b>who won</b> the match", "en"),))


@pytest.fixture(scope="session")
def report(fitted: Fitted) -> RunReport:
    doubted = (LabelIssue(900, "refund", "battery", 0.9), LabelIssue(3, "refund", "invoice", 0.6))
    return report_on(replace(fitted, label_issues=doubted), hostile_knowledge())
