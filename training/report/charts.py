"""The report's plots, to be drawn as SVG (:mod:`training.report.drawing`): the page needs no script and no network.

Colours are CSS variables of the page (`page.html.j2`), so that plots follow its light or dark mode. No customer's words go into a
plot: what is long, Chinese or markup is for the page to set, which knows its fonts and escapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from training.report.curves import Bar, Curves, MethodRow
from training.report.drawing import Drawing
from training.report.tables import GroupRow

WIDTH, HEIGHT = 900, 330
PANEL_WIDTH, PANEL_HEIGHT = 235, 210
INK = "currentColor"
# In page.html.j2: Okabe and Ito's palette, which colour-blind readers can tell apart, lighter for dark pages.
BLUE, ORANGE, GREEN, PINK, GREY = (f"var(--{name})" for name in ("blue", "orange", "green", "pink", "grey"))
SERIES = (BLUE, ORANGE, GREEN, PINK, GREY)
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4])
FONT = "system-ui, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
NAMES = {"": "All", "en": "English", "zh": "Chinese"}

SHARES = alt.Axis(format="%", values=[tenths / 10 for tenths in range(11)])
FIFTHS = alt.Axis(format="%", values=[fifths / 5 for fifths in range(6)])


def language_name(language: str) -> str:
    return NAMES.get(language, language)


def loss_curve(losses: Sequence[float]) -> Drawing:
    rows = [{"epoch": number, "loss": loss} for number, loss in enumerate(losses, start=1)]
    line = (
        alt.Chart(rows_of(rows), width=WIDTH, height=HEIGHT // 2)
        .mark_line(color=BLUE, point={"color": BLUE, "size": 25})
        .encode(
            x=alt.X("epoch:Q", title="Epoch", axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y("loss:Q", title="Mean loss (nats)", scale=alt.Scale(zero=True)),
        )
    )
    return drawing(line, f"Training loss, from {losses[0]:.2f} to {losses[-1]:.2f} in {len(losses)} epochs")


def reliability_diagram(curves: Curves) -> Drawing:
    """Share of right ones over confidence, with 95 % intervals; below it how many questions each bin has."""
    rows = [
        {
            "confidence": each.confidence,
            "right": each.right,
            "least": each.least,
            "most": each.most,
            "low": each.low,
            "high": each.high,
            "count": each.count,
        }
        for each in curves.bins
    ]
    x = alt.X("confidence:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=FIFTHS)
    base = alt.Chart(rows_of(rows), width=PANEL_WIDTH, height=PANEL_HEIGHT)
    diagonal = (
        alt.Chart(rows_of([{"at": 0}, {"at": 1}]))
        .mark_line(color=INK, opacity=0.5, strokeDash=[4, 4])
        .encode(x="at:Q", y="at:Q")
    )
    intervals = base.mark_rule(color=BLUE, opacity=0.6, strokeWidth=2).encode(x=x, y="least:Q", y2="most:Q")
    points = base.mark_circle(color=BLUE, opacity=1).encode(
        x=x,
        size=alt.Size("count:Q", legend=None, scale=alt.Scale(domainMin=0, range=[12, 110])),
        y=alt.Y(
            "right:Q",
            title="Share that was right",
            scale=alt.Scale(domain=[0, 1]),
            axis=FIFTHS,
        ),
    )
    counts = (
        alt.Chart(rows_of(rows), width=PANEL_WIDTH, height=60)
        .mark_bar(color=BLUE, opacity=0.7)
        .encode(
            x=alt.X(
                "low:Q",
                title="Confidence",
                scale=alt.Scale(domain=[0, 1]),
                axis=FIFTHS,
                bin="binned",
            ),
            x2="high:Q",
            y=alt.Y("count:Q", title="Questions", axis=alt.Axis(tickCount=3)),
        )
    )
    chart = alt.vconcat(diagonal + intervals + points, counts, spacing=8)
    return drawing(
        chart,
        f"Reliability diagram, {language_name(curves.language)}: expected calibration error {curves.error:.3f}",
    )


def risk_coverage_curve(
    curves: Sequence[Curves], groups: Sequence[GroupRow], *, target_error: float
) -> Drawing:
    """A line per language, and where its cut-off lies."""
    names = [language_name(each.language) for each in curves]
    lines = _lines(
        [
            {"name": language_name(each.language), "coverage": point.coverage, "error": point.error}
            for each in curves
            for point in each.points
        ],
        names,
        title="Language",
    )
    chosen = (
        alt.Chart(
            rows_of(
                [
                    {"name": language_name(row.language), "coverage": row.coverage, "error": row.error}
                    for row in groups
                    if row.coverage
                ]
            )
        )
        .mark_point(shape="diamond", size=170, strokeWidth=2, stroke=INK, filled=True, opacity=1)
        .encode(x="coverage:Q", y="error:Q", fill=_colours(names))
    )
    marked = ", ".join(
        f"{language_name(row.language)} {row.coverage:.0%} answered, {row.error:.1%} of these wrong"
        for row in groups
    )
    return drawing(
        lines + _tolerated(target_error) + chosen, f"Risk-coverage curve. Chosen cut-offs: {marked}"
    )


def comparison_curves(methods: Sequence[MethodRow], *, target_error: float) -> Drawing:
    names = [method.name for method in methods]
    rows = [
        {"name": method.name, "coverage": point.coverage, "error": point.error}
        for method in methods
        for point in method.curve
    ]
    lines = _lines(rows, names, title="Method")
    return drawing(lines + _tolerated(target_error), "Risk-coverage curves of Kefu and simple methods")


def confidence_spread(bars: Sequence[Bar], groups: Sequence[GroupRow]) -> Drawing:
    """How sure the bot is of what turned out right, wrong, or unknown, with the cut-offs."""
    kinds = ("Best guess right", "Best guess wrong", "Nothing answers it")
    rows = [
        {"low": bar.low, "high": bar.high, "share": share, "kind": kind, "place": place}
        for bar in bars
        for place, (kind, share) in enumerate(zip(kinds, (bar.right, bar.wrong, bar.unknown), strict=True))
    ]
    columns = (
        alt.Chart(rows_of(rows), width=WIDTH, height=HEIGHT - 90)
        .mark_bar(strokeWidth=0)
        .encode(
            x=alt.X(
                "low:Q",
                title="Confidence of the best guess",
                scale=alt.Scale(domain=[0, 1]),
                axis=SHARES,
                bin="binned",
            ),
            x2="high:Q",
            y=alt.Y("share:Q", title="Share of all messages", axis=alt.Axis(format="%"), stack=True),
            color=alt.Color(
                "kind:N", title=None, scale=alt.Scale(domain=list(kinds), range=[BLUE, ORANGE, GREY])
            ),
            order="place:O",
        )
    )
    cuts = [
        {"at": row.answer_at, "text": f"cut-off, {language_name(row.language)}"}
        for row in groups
        if row.answer_at is not None and row.answer_at < 1
    ]
    # One cut-off for all is all there is to show; others would lie on it.
    cuts = cuts[:1] if len({cut["at"] for cut in cuts}) == 1 else cuts
    rules = alt.Chart(rows_of(cuts)).mark_rule(color=INK, strokeDash=[4, 3], strokeWidth=1.5).encode(x="at:Q")
    return drawing(columns + rules, "Confidence of what turned out right, wrong and unknown")


def _lines(rows: Sequence[dict[str, Any]], names: Sequence[str], *, title: str) -> alt.Chart:
    lines: alt.Chart = (
        alt.Chart(rows_of(rows), width=WIDTH, height=HEIGHT)
        .mark_line(strokeWidth=2, interpolate="step-before")
        .encode(
            x=alt.X(
                "coverage:Q",
                title="Coverage: share of all messages answered",
                scale=alt.Scale(domain=[0, 1]),
                axis=SHARES,
            ),
            y=alt.Y("error:Q", title="Wrong among the answered", axis=alt.Axis(format="%")),
            color=_colours(names, title=title),
            strokeDash=alt.StrokeDash(
                "name:N",
                title=title,
                scale=alt.Scale(
                    domain=list(names), range=[DASHES[n % len(DASHES)] for n in range(len(names))]
                ),
            ),
        )
    )
    return lines


def _colours(names: Sequence[str], *, title: str = "") -> Any:
    colours = [SERIES[number % len(SERIES)] for number in range(len(names))]
    legend = alt.Legend(title=title, symbolStrokeWidth=2) if title else None
    return alt.Color("name:N", legend=legend, scale=alt.Scale(domain=list(names), range=colours))


def _tolerated(error: float) -> Any:
    row = rows_of([{"error": error, "text": f"tolerated: {error:.0%}", "at": 0}])
    line = alt.Chart(row).mark_rule(color=INK, strokeDash=[5, 3], strokeWidth=1.5).encode(y="error:Q")
    text = (
        alt.Chart(row)
        .mark_text(align="left", dx=4, dy=-7, color=INK, fontSize=12)
        .encode(x="at:Q", y="error:Q", text="text:N")
    )
    return line + text


def rows_of(rows: Sequence[dict[str, Any]]) -> alt.Data:
    return alt.Data(values=list(rows))  # type: ignore[no-untyped-call]  # made from Vega-Lite's schema


def drawing(chart: alt.TopLevelMixin, label: str) -> Drawing:
    return Drawing({**chart.to_dict(), "config": _style()}, label)


def _style() -> dict[str, Any]:
    axis = {
        "labelColor": INK,
        "titleColor": INK,
        "gridColor": INK,
        "domainColor": INK,
        "tickColor": INK,
        "gridOpacity": 0.12,
        "domainOpacity": 0.5,
        "tickOpacity": 0.5,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 10,
        "labelFlush": False,
    }
    legend = {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "orient": "top",
        "symbolSize": 120,
        "labelLimit": 320,
        "columns": 3,
        "columnPadding": 28,
        "titlePadding": 8,
    }
    return {
        "aria": False,
        "background": None,
        "padding": {"left": 5, "top": 5, "right": 24, "bottom": 5},
        "font": FONT,
        "view": {"stroke": None},
        "axis": axis,
        "legend": legend,
    }
