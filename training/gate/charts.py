"""The plot that training's report does not have: what each answer gained or lost."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from training.gate.comparison import Paired
from training.report.charts import BLUE, INK, ORANGE, WIDTH, drawing, rows_of
from training.report.drawing import Drawing

ROW_HEIGHT = 22


def differences(groups: Sequence[tuple[str, Paired]]) -> Drawing:
    """Candidate minus serving accuracy with 95 % intervals, one row a group; `groups` are (label, group) from the top.

    Labels must be ids or our own words: plots hold no customer's text.
    """
    rows = [
        {
            "label": label,
            "at": each.candidate - each.serving,
            "low": each.low,
            "high": each.high,
            "kind": "worse" if each.is_worse else "not worse",
        }
        for label, each in groups
    ]
    y = alt.Y("label:N", sort=[label for label, _ in groups], title=None, axis=alt.Axis(labelLimit=220))
    x = alt.X(
        "at:Q",
        title="Right first: candidate minus serving release",
        axis=alt.Axis(format="+%"),
        scale=alt.Scale(zero=True, nice=True),
    )
    colour = alt.Color(
        "kind:N", legend=None, scale=alt.Scale(domain=["not worse", "worse"], range=[BLUE, ORANGE])
    )
    base = alt.Chart(rows_of(rows), width=WIDTH - 220, height=max(ROW_HEIGHT * len(rows), 60))
    zero = alt.Chart(rows_of([{"at": 0}])).mark_rule(color=INK, strokeDash=[4, 4]).encode(x="at:Q")
    intervals = base.mark_rule(strokeWidth=2, opacity=0.6).encode(x="low:Q", x2="high:Q", y=y, color=colour)
    points = base.mark_circle(size=70, opacity=1).encode(x=x, y=y, color=colour)
    worse = [label for label, each in groups if each.is_worse]
    said = f"worse: {', '.join(worse)}" if worse else "none is shown to be worse"
    return drawing(zero + intervals + points, f"Difference in accuracy of {len(groups)} groups; {said}")
