"""Everything the report of a training run says, as plain numbers and texts.

Every held-out question is judged by a head and a confidence model that have not seen it or its answer. The cut-offs alone were
chosen with these questions, with a margin for chance (:mod:`retrieval.cutoffs`). Shares of messages count
unknown questions as often as they are expected, not as often as they were asked.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace

import numpy as np

from retrieval.confidence import ConfidenceModel
from retrieval.records import Knowledge
from training.fitting import Fitted
from training.report.comparison import compare
from training.report.curves import (
    Bar,
    Curves,
    MethodRow,
    calibration_error,
    reliability,
    risk_coverage,
    spread,
)
from training.report.missing import sentences
from training.report.tables import (
    Confusion,
    GroupRow,
    Mistake,
    TopicRow,
    confusions,
    group_row,
    likeliest_intruders,
    topic_rows,
    worst_mistakes,
)
from training.report.verdicts import Verdict, judge, shares

FORMAT = 1
MOST_ISSUES = 100
EVERYTHING = ""  # in the place of a language


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What was wanted of the run. `made_at` is ISO 8601, `name` the checkpoint's."""

    name: str
    made_at: str
    backbone: str
    seed: int


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What there was to learn from; `languages` counts questions."""

    questions: int
    answers: int
    passages: int
    languages: Mapping[str, int]
    headed: bool
    tuned: bool


@dataclass(frozen=True, slots=True)
class Split:
    """A mock installation: what it knew, and how many questions of each kind it was asked."""

    answers: int
    questions: int
    known: int
    left_out: int
    out_of_scope: int


@dataclass(frozen=True, slots=True)
class DoubtedQuestion:
    """An approved question that probably belongs to another answer; see :mod:`training.label_errors`."""

    text: str
    given: str
    suggested: str
    doubt: float


@dataclass(frozen=True, slots=True)
class RunReport:
    """`titles` has the first question of each answer that is named; `missing` says of each empty section why it is."""

    format: int
    run: RunFacts
    data: DataFacts
    target_error: float
    unknown_share: float
    splits: tuple[Split, ...]
    losses: tuple[float, ...]
    groups: tuple[GroupRow, ...]
    curves: tuple[Curves, ...]
    confidences: tuple[Bar, ...]
    comparison: tuple[MethodRow, ...]
    topics: tuple[TopicRow, ...]
    confusions: tuple[Confusion, ...]
    mistakes: tuple[Mistake, ...]
    intruders: tuple[Mistake, ...]
    label_issues: tuple[DoubtedQuestion, ...]
    label_issues_found: int
    titles: Mapping[str, str]
    missing: Mapping[str, str]

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, allow_nan=False)


def report_of(
    fitted: Fitted,
    confidence: ConfidenceModel,
    knowledge: Knowledge,
    *,
    run: RunFacts,
) -> RunReport:
    """The figures of a run that was fitted on `knowledge`."""
    verdicts = judge(fitted.examples, confidence)
    questions = Counter(question.answer_id for question in knowledge.questions)
    texts = {question.number: question.text for question in knowledge.questions}
    report = RunReport(
        format=FORMAT,
        run=run,
        data=_data(fitted, knowledge),
        target_error=confidence.target_error,
        unknown_share=confidence.unknown_share,
        splits=_splits(fitted),
        losses=fitted.losses,
        groups=tuple(_groups(verdicts, confidence)),
        curves=tuple(_curves(verdicts, confidence.unknown_share)),
        confidences=_confidences(verdicts, confidence.unknown_share),
        comparison=compare(
            verdicts,
            fitted.mocks,
            unknown_share=confidence.unknown_share,
            target_error=confidence.target_error,
        ),
        topics=topic_rows(verdicts, questions) if verdicts else (),
        confusions=confusions(verdicts),
        mistakes=worst_mistakes(verdicts),
        intruders=likeliest_intruders(verdicts),
        label_issues=tuple(
            DoubtedQuestion(texts[each.number], each.given, each.suggested, each.doubt)
            for each in fitted.label_issues[:MOST_ISSUES]
        ),
        label_issues_found=len(fitted.label_issues),
        titles={},
        missing={},
    )
    return replace(
        report,
        titles=_titles(knowledge, _mentioned(report)),
        missing=sentences(report),
    )


def _data(fitted: Fitted, knowledge: Knowledge) -> DataFacts:
    answers = {question.answer_id for question in knowledge.questions}
    answers |= {passage.answer_id for passage in knowledge.passages}
    languages = Counter(question.language for question in knowledge.questions)
    return DataFacts(
        questions=len(knowledge.questions),
        answers=len(answers),
        passages=len(knowledge.passages),
        languages=dict(sorted(languages.items())),
        headed=fitted.head is not None,
        tuned=fitted.top is not None,
    )


def _splits(fitted: Fitted) -> tuple[Split, ...]:
    """Of each mock installation; of leaving one question out a single one, which knows everything else."""
    parts = [(mock.retriever.view, mock.examples) for mock in fitted.mocks]
    if not parts and fitted.examples:
        parts = [(fitted.retriever.view, fitted.examples)]
    return tuple(
        Split(
            answers=len(view.question_numbers.keys() | view.passage_numbers.keys()),
            questions=len(view.questions),
            known=sum(bool(example.right) for example in examples),
            left_out=sum(not e.right and not e.is_out_of_scope for e in examples),
            out_of_scope=sum(example.is_out_of_scope for example in examples),
        )
        for view, examples in parts
    )


def _by_language(verdicts: Sequence[Verdict]) -> Iterator[tuple[str, list[Verdict]]]:
    """Everything, then each language where there are several."""
    if verdicts:
        yield EVERYTHING, list(verdicts)
    languages = sorted({verdict.example.language for verdict in verdicts})
    for language in languages if len(languages) > 1 else ():
        yield language, [verdict for verdict in verdicts if verdict.example.language == language]


def _groups(verdicts: Sequence[Verdict], confidence: ConfidenceModel) -> Iterator[GroupRow]:
    languages = {verdict.example.language for verdict in verdicts}
    for language, own in _by_language(verdicts):
        cutoffs = {confidence.cutoffs_for(each) for each in ({language} if language else languages)}
        yield group_row(
            language,
            own,
            unknown_share=confidence.unknown_share,
            cutoffs=cutoffs.pop() if len(cutoffs) == 1 else None,
        )


def _curves(verdicts: Sequence[Verdict], unknown_share: float) -> Iterator[Curves]:
    for language, own in _by_language(verdicts):
        chances = np.array([verdict.confidence for verdict in own])
        right = np.array([verdict.is_right for verdict in own], bool)
        weights = shares(np.array([verdict.is_known for verdict in own], bool), unknown_share)
        bins = reliability(chances, right, weights)
        yield Curves(language, calibration_error(bins), bins, risk_coverage(chances, right, weights))


def _confidences(verdicts: Sequence[Verdict], unknown_share: float) -> tuple[Bar, ...]:
    if not verdicts:
        return ()
    known = np.array([verdict.is_known for verdict in verdicts], bool)
    right = np.array([verdict.is_right for verdict in verdicts], bool)
    chances = np.array([verdict.confidence for verdict in verdicts])
    return spread(chances, right, known, shares(known, unknown_share))


def _titles(knowledge: Knowledge, mentioned: Set[str]) -> dict[str, str]:
    titles: dict[str, str] = {}
    for question in sorted(knowledge.questions, key=lambda each: each.number):
        titles.setdefault(question.answer_id, question.text)
    for passage in knowledge.passages:
        titles.setdefault(passage.answer_id, passage.text)
    return {answer: title for answer, title in titles.items() if answer in mentioned}


def _mentioned(report: RunReport) -> set[str]:
    found = {row.answer for row in report.topics}
    found |= {answer for pair in report.confusions for answer in (pair.first, pair.second)}
    found |= {answer for issue in report.label_issues for answer in (issue.given, issue.suggested)}
    for mistake in (*report.mistakes, *report.intruders):
        found |= {*mistake.right, mistake.left_out, mistake.given.answer}
    return found
