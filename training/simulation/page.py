"""The learning curves as one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from itertools import cycle, islice

import altair as alt

from training.report.charts import DASHES, HEIGHT, INK, SERIES, WIDTH, drawing, rows_of
from training.report.drawing import Drawing, drawn
from training.report.page import template_of
from training.simulation.loop import Curve
from training.simulation.orders import Order
from training.simulation.outcome import SimulationOutcome

TEMPLATE = "page.html.j2"
FIGURES = {"accuracy": "Right first", "coverage": "Answered", "selective_error": "Wrong of these"}


def page_of(outcome: SimulationOutcome) -> str:
    charts = drawn(
        (name, _curves(outcome.curves, name, title, _level(outcome, name))) for name, title in FIGURES.items()
    )
    template = template_of(files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8"))
    return template.render(outcome=outcome, charts=charts)


def _level(outcome: SimulationOutcome, name: str) -> float | None:
    """A line across: the tolerated error, or what all labels at once give."""
    if name == "selective_error":
        return outcome.settings.target_error
    everything = next((curve for curve in outcome.curves if curve.name == Order.ALL), None)
    return None if everything is None else float(getattr(everything.rounds[-1], name))


def _curves(curves: Sequence[Curve], name: str, title: str, level: float | None) -> Drawing:
    daily = [curve for curve in curves if curve.name != Order.ALL]
    names = [curve.name for curve in daily]
    rows = [
        {"name": curve.name, "labels": each.labels, "value": float(getattr(each, name))}
        for curve in daily
        for each in curve.rounds
    ]
    colours = alt.Scale(domain=names, range=list(islice(cycle(SERIES), len(names))))
    dashes = alt.Scale(domain=names, range=list(islice(cycle(DASHES), len(names))))
    lines = (
        alt.Chart(rows_of(rows), width=WIDTH, height=HEIGHT)
        .mark_line(point={"size": 30}, strokeWidth=2)
        .encode(
            x=alt.X("labels:Q", title="Labels given by a person"),
            y=alt.Y("value:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(format="%")),
            color=alt.Color("name:N", title=None, scale=colours, sort=names),
            strokeDash=alt.StrokeDash("name:N", title=None, scale=dashes, sort=names),
        )
    )
    ends = ", ".join(f"{curve.name} {getattr(curve.rounds[-1], name):.1%}" for curve in daily)
    label = f"{title} by labels given. At the end: {ends}"
    if level is None:
        return drawing(lines, label)
    rule = alt.Chart(rows_of([{"at": level}])).mark_rule(color=INK, strokeDash=[4, 4], opacity=0.6)
    return drawing(lines + rule.encode(y="at:Q"), label)
