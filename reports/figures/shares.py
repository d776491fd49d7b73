"""The map of shares: every case and contender of the series cold, the losses in colour."""

from __future__ import annotations

from typing import Any

import altair as alt

from reports import units
from reports.document import Figure
from reports.figures.svg import FAINT, GRID, draw, where
from reports.view import View, contenders, in_order, ranked
from suite.record.measurement import Measurement

WHITE_TEXT_BELOW = 0.25
LOSSES = {0: "#7f2704", 50: "#f16913", 80: "#fdc692", 100: "#fff8f0"}
"""Share of the ceiling in percent -> colour: pale where nothing is lost, so that the eye goes to the losses."""


def shares(view: View) -> Figure | None:
    """Share of the ceiling per case and contender in the series cold, as a map; None with fewer than two cases.

    Backends stand by their median share, the best to the left; a cell without a number is grey.
    """
    cold = [each for each in view.series("cold") if each.role != "control" and each.of_ceiling is not None]
    cases = in_order(cold)
    if len(cases) < 2:
        return None
    names = [*ranked(cold), *contenders(cold, ("ceiling",))]
    found = {(each.case, each.backend): each.of_ceiling or 0.0 for each in cold}
    rows = [_field(case, name, found.get((case.case, name))) for case in cases for name in names]
    x = alt.X("name:N").sort(names).title(None)
    y = alt.Y("case:N").sort([units.label(case) for case in cases]).title(None)
    legend = alt.Legend(title="%", gradientLength=160, values=[0, 25, 50, 75, 100])
    shade = alt.Color("share:Q").scale(domain=list(LOSSES), range=list(LOSSES.values()), clamp=True).legend(legend)
    plain = {"ticks": False, "domain": False, "grid": False}
    base = alt.Chart(alt.InlineData(rows)).encode(
        x=x.axis(orient="top", labelAngle=-35, labelAlign="left", **plain), y=y.axis(labelPadding=8, **plain)
    )
    empty = base.transform_filter("datum.share === null").mark_rect(color=GRID)
    cells = base.transform_filter("datum.share !== null").mark_rect().encode(color=shade)
    text = base.mark_text(fontSize=11).encode(text="text:N", color=alt.Color("ink:N").scale(None))
    title = alt.Title("Share of the ceiling per case, series cold, %", subtitle=where(view))
    chart = alt.layer(empty, cells, text).resolve_scale(color="independent")
    caption = f"Share of the ceiling per case and backend in percent, series cold, {view.machine.name}"
    return draw("shares", caption, chart.properties(width=alt.Step(46), height=alt.Step(19), title=title))


def _field(case: Measurement, name: str, share: float | None) -> dict[str, Any]:
    if share is None:
        return {"case": units.label(case), "name": name, "share": None, "text": units.ABSENT, "ink": FAINT}
    ink = "#fff" if share < WHITE_TEXT_BELOW else "#000"
    return {"case": units.label(case), "name": name, "share": 100 * share, "text": f"{100 * share:.1f}", "ink": ink}
