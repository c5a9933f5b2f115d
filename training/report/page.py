"""The report as one HTML file that needs nothing beside it: no script, no network, no font file."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from training.report.charts import (
    comparison_curves,
    confidence_spread,
    language_name,
    loss_curve,
    reliability_diagram,
    risk_coverage_curve,
)
from training.report.drawing import Drawing, drawn

if TYPE_CHECKING:
    from training.report.figures import RunReport

TEMPLATE, STYLE = "page.html.j2", "page.css"
MOST_PANELS = 4  # reliability diagrams: of everything and the largest languages
SHORT_ID = 32  # longer ids of answers are made by machines: their end tells them apart
BASES = {
    "language": "certified on its own questions",
    "all": "certified on all languages together",
    "expected": "expected, not certified: too few questions for that",
    "unreachable": "no cut-off keeps the tolerated error: only questions known word for word are answered",
    "default": "the shipped one: hardly any questions to fit on",
    "": "each language has its own",
}


def page_of(report: RunReport) -> str:
    """All texts are escaped by the template; only the drawings are markup."""
    template = template_of(files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8"))
    return template.render(
        report=report,
        everything=report.groups[0] if report.groups else None,
        charts=drawn(_charts(report)),
        bases=BASES,
        title_of=lambda answer: report.titles.get(answer, answer),
        id_of=lambda answer: answer if len(answer) <= SHORT_ID else f"…{answer[-6:]}",
    )


def template_of(text: str) -> Template:
    """A page's template; it finds the style of all pages as `style`."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(share=_share, language=language_name, number=_number)
    style = files("training.report").joinpath(STYLE).read_text(encoding="utf-8")
    environment.globals["style"] = Markup(style)  # noqa: S704  # our own
    return environment.from_string(text)


def _charts(report: RunReport) -> Iterator[tuple[str, Drawing]]:
    if report.losses:
        yield "losses", loss_curve(report.losses)
    if not report.groups:
        return
    largest = sorted(report.curves[1:], key=lambda each: -sum(part.count for part in each.bins))
    for curves in (report.curves[0], *largest[: MOST_PANELS - 1]):
        yield f"reliability {curves.language}", reliability_diagram(curves)
    yield (
        "risk coverage",
        risk_coverage_curve(report.curves, report.groups, target_error=report.target_error),
    )
    yield "confidences", confidence_spread(report.confidences, report.groups)
    if report.comparison:
        yield "comparison", comparison_curves(report.comparison, target_error=report.target_error)


def _share(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def _number(value: int) -> str:
    return f"{value:,}"
