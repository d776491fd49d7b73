"""The headline figure: every contender's share of the ceiling at one case, with intervals."""

from __future__ import annotations

import textwrap
from functools import lru_cache
from typing import Any

import altair as alt

from reports import units
from reports.document import Figure
from reports.figures.strip import LENS, MOST, top
from reports.figures.svg import FAINT, GRID, INK, NEUTRAL, colour, draw, where
from reports.marks import footnotes, starred
from reports.view import View, contenders
from suite.record.measurement import Measurement

SUBTITLE_WIDTH = 110  # characters: about as wide as the scale and the numbers together


@lru_cache(maxsize=4)
def headline(view: View) -> Figure | None:
    """Share of the ceiling per contender at the headline case, with 99 % intervals; None if nothing was measured.

    A backend that was tried and has no number is named with its outcome; one that is not available here is left out.
    Beside Markdown only: in HTML the table draws its own shares.
    """
    shown = [each for each in view.headline if each.role != "control" and each.of_ceiling is not None]
    if not shown:
        return None
    case = units.label(shown[0])
    caption = f"Share of the ceiling per backend, {case}, series cold, intervals {view.interval}, {view.machine.name}"
    return draw("headline", caption, lambda: _chart(view, shown, case), on_page=False)


def _chart(view: View, shown: list[Measurement], case: str) -> alt.LayerChart:
    said = view.remarks(contenders(shown, ("backend",)))
    rows = [_row(each, starred(each.backend, said)) for each in shown]
    without = (each for each in view.outcomes_of(shown[0].case, "cold") if each.kind != "unavailable")
    rows += [_missing(each.backend, each.kind) for each in without]
    names = list(dict.fromkeys(row["name"] for row in rows))
    y = alt.Y("name:N").sort(names).title(None).axis(ticks=False, domain=False, labelPadding=8, grid=True)
    scale = alt.Scale(domain=[LENS, top(shown)], nice=False, clamp=True)
    axis = alt.Axis(values=list(range(int(LENS), 101)), labelExpr="datum.label + ' %'", grid=False)
    share = alt.X("share:Q").scale(scale).title("share of the ceiling (the best copy of the same bytes)").axis(axis)
    base = alt.Chart(alt.InlineData(rows))
    shade, shape = alt.Color("colour:N").scale(None), alt.Shape("shape:N").scale(None)
    low, high = alt.X("low:Q").scale(scale), alt.X2("high:Q")
    interval = base.transform_filter("datum.low >= " + str(LENS)).mark_rule(strokeWidth=2.5)
    points = base.mark_point(filled=True, size=75, opacity=1).encode(y=y, x=share, color=shade, shape=shape)
    text = base.mark_text(align="left", fontSize=12, color=INK).encode(y=y, x=alt.value(470), text="text:N")
    full = alt.Chart(alt.InlineData([{"share": 100}])).mark_rule(color=FAINT, strokeDash=[4, 3]).encode(x="share:Q")
    under = [f"{where(view)}; intervals: {view.interval}", *textwrap.wrap(footnotes(said), SUBTITLE_WIDTH)]
    under += [f"◂ under {LENS:.0f} %, off the scale"] if any(row.get("shape") == OFF for row in rows) else []
    title = alt.Title(f"C = diag(A) · B, {case}, cold: share of the ceiling", subtitle=under)
    layers = (full, interval.encode(y=y, x=low, x2=high, color=shade), points, text)
    return alt.layer(*layers).properties(width=460, height=alt.Step(24), title=title)


OFF = "triangle-left"


def _row(m: Measurement, name: str) -> dict[str, Any]:
    low, high = m.of_ceiling_ci99 or (m.of_ceiling, m.of_ceiling)
    share = 100 * (m.of_ceiling or 0)
    return {
        "name": name,
        "share": share,
        "low": 100 * (low or 0),
        "high": min(100 * (high or 0), MOST),
        "text": units.percent_interval(m.of_ceiling, m.of_ceiling_ci99),
        "colour": colour(m.backend) if m.role == "backend" else NEUTRAL,
        "shape": OFF if share < LENS else "circle" if m.role == "backend" else "diamond",
    }


def _missing(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "text": f"{kind}: no time", "colour": GRID}
