"""The verdict as one HTML file that needs nothing beside it, in the look of the training report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from retrieval.records import Knowledge
from training.gate.asking import Replies
from training.gate.charts import differences
from training.gate.judging import Asked, Judgement
from training.report.charts import comparison_curves, reliability_diagram
from training.report.curves import (
    Curves,
    MethodRow,
    calibration_error,
    hindsight,
    reliability,
    risk_coverage,
)
from training.report.drawing import Drawing, drawn
from training.report.page import template_of
from training.report.verdicts import shares

TEMPLATE = "page.html.j2"
CANDIDATE, SERVING = "Candidate", "Serving release"
SHORT_ID = 12
TITLES = {
    "manifests": "Files as their manifests say",
    "loads": "Loads and replies",
    "tokenizer": "Tokenizer of the backbone",
    "weights": "Weights are numbers",
    "knowledge": "Ids lead to the approved answers",
    "vectors": "Vectors are those of the texts",
    "head": "Intent head knows what it was taught",
    "recall": "Index finds what is near",
    "baselines": "Better than simple methods",
    "accuracy": "Right first, overall",
    "languages": "Right first, by language",
    "topics": "Right first, largest answers",
    "calibration": "Confidence is true",
    "promise": "Promised error is kept",
    "coverage": "Still answers",
    "anchors": "Old approved questions stay right",
    "speed": "Fast enough",
}


def page_of(judgement: Judgement, document: Mapping[str, Any], knowledge: Knowledge) -> str:
    """Texts are escaped by the template; only the drawings are markup. `document` is gate.json."""
    template = template_of(files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8"))
    titles = _titles(knowledge)
    return template.render(
        gate=document,
        checks=judgement.checks,
        asked=judgement.asked,
        charts=drawn(_charts(judgement)),
        name_of=lambda check: TITLES[check.name],
        title_of=lambda answer: titles.get(answer, answer),
        id_of=_short,
    )


def _charts(judgement: Judgement) -> Iterator[tuple[str, Drawing]]:
    asked = judgement.asked
    if asked is None or judgement.candidate is None or not asked.candidate.asked:
        return
    model = judgement.candidate.checkpoint.confidence
    releases = [(CANDIDATE, asked.candidate), *([(SERVING, asked.serving)] if asked.serving else [])]
    curves = [(name, _curves(replies, model.unknown_share)) for name, replies in releases]
    for name, each in curves:
        yield f"reliability {name}", reliability_diagram(each)
    rows = [
        _method(name, replies, each, unknown_share=model.unknown_share, error=model.target_error)
        for (name, replies), (_, each) in zip(releases, curves, strict=True)
    ]
    yield "risk coverage", comparison_curves(rows, target_error=model.target_error)
    if asked.comparison is not None:
        yield "differences", differences(_groups(asked))


def _groups(asked: Asked) -> list[Any]:
    found = asked.comparison
    if found is None:
        return []
    return [
        ("All rows", found.overall),
        *((f"Language {each.name}", each) for each in found.languages),
        *((_short(each.name), each) for each in found.topics),
    ]


def _curves(replies: Replies, unknown_share: float) -> Curves:
    weights = shares(replies.known, unknown_share)
    bins = reliability(replies.confidence, replies.right, weights)
    points = risk_coverage(replies.confidence, replies.right, weights)
    return Curves("", calibration_error(bins), bins, points)


def _method(name: str, replies: Replies, curves: Curves, *, unknown_share: float, error: float) -> MethodRow:
    known = replies.known
    weights = shares(known, unknown_share)
    return MethodRow(
        name=name,
        right_first=float(replies.right[known].mean()) if known.any() else 0.0,
        known_auroc=None,
        hindsight=hindsight(replies.confidence, replies.right, weights, error=error),
        curve=curves.points,
    )


def _titles(knowledge: Knowledge) -> dict[str, str]:
    titles: dict[str, str] = {}
    for question in sorted(knowledge.questions, key=lambda each: each.number):
        titles.setdefault(question.answer_id, question.text)
    for passage in knowledge.passages:
        titles.setdefault(passage.answer_id, passage.text)
    return titles


def _short(answer: str) -> str:
    """Ids made by machines differ at their ends."""
    return answer if len(answer) <= 2 * SHORT_ID else f"…{answer[-SHORT_ID:]}"
