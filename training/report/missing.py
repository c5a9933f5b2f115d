"""Why a section of a report is empty, or says less than usual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.knowledge_shape import LEAST_ANSWERS, LEAST_QUESTIONS_AN_ANSWER
from training.report.comparison import BM25, SVC

if TYPE_CHECKING:
    from training.report.figures import RunReport

NO_HEAD = (
    f"No intent head was trained: that takes {LEAST_ANSWERS} answers and {LEAST_QUESTIONS_AN_ANSWER:.0f} different "
    "questions an answer. The order of candidates is fitted by leaving one question out at a time."
)
NO_EXAMPLES = "No question could be held out, so nothing can be said about right and wrong. The cut-offs are the shipped ones."
NO_UNKNOWN = "No unknown question could be asked, so answers given to unknown questions are not seen here."
NO_KNOWN = (
    "Every held-out question was an unknown one: no answer has a second question or a text to be found by."
)
NO_CONFUSIONS = "No held-out question got another answer first."
NO_MISTAKES = "No held-out question got a wrong best guess."
NO_MOCKS = (
    "One question was left out at a time, so only the frozen encoder's own order can be compared, and only among the "
    "six best candidates."
)
NO_SVC = "A linear SVM was not trained: with so many questions and answers it would take minutes, or there is one answer only."
NO_COMPARISON = "There is no held-out question with an answer to compare methods on."
NO_DOUBTS = "No approved question looks as if it belonged to another answer."


def sentences(report: RunReport) -> dict[str, str]:
    """By the name of the section."""
    everything = report.groups[0] if report.groups else None
    found = {
        "losses": NO_HEAD if not report.losses else "",
        "groups": _of_groups(report),
        "comparison": NO_COMPARISON,
        "confusions": NO_CONFUSIONS if everything and not report.confusions else "",
        "mistakes": NO_MISTAKES if everything and not report.mistakes else "",
        "label_issues": "" if report.label_issues else NO_DOUBTS,
    }
    if report.comparison:
        methods = {row.name for row in report.comparison}
        found["comparison"] = NO_MOCKS if BM25 not in methods else NO_SVC if SVC not in methods else ""
    return {section: sentence for section, sentence in found.items() if sentence}


def _of_groups(report: RunReport) -> str:
    if not report.groups:
        return NO_EXAMPLES
    everything = report.groups[0]
    return NO_UNKNOWN if not everything.unknown else NO_KNOWN if not everything.known else ""
