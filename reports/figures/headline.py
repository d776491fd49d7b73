"""The headline figure: every contender's share of the ceiling at one case, with intervals."""

from __future__ import annotations

import textwrap
from functools import lru_cache
from typing import Any

import altair as alt

from reports import units
from reports.document import Figure
from reports.figures.svg import INK, NEUTRAL, colour, draw, where
from reports.marks import footnotes, starred
from reports.view import View, contenders
from suite.record.measurement import Measurement

SUBTITLE_WIDTH = 110  # characters: about as wide as bars and numbers together


@lru_cache(maxsize=4)
def headline(view: View) -> Figure | None:
    """Share of the ceiling per contender at the headline case, with 99 % intervals; None if nothing was measured.

    A backend that was tried and has no number is named with its outcome; one that is not available here is left out.
    """
    shown = [each for each in view.headline if each.role != "control" and each.of_ceiling is not None]
    if not shown:
        return None
    case = units.label(shown[0])
    said = view.remarks(contenders(shown, ("backend",)))
    rows = [_bar(each, starred(each.backend, said)) for each in shown]
    without = (each for each in view.outcomes_of(shown[0].case, "cold") if each.kind != "unavailable")
    rows += [_missing(each.backend, each.kind) for each in without]
    names = list(dict.fromkeys(row["name"] for row in rows))
    top = max(100.0, *(row["high"] for row in rows if "high" in row))
    y = alt.Y("name:N").sort(names).title(None).axis(ticks=False, domain=False, labelPadding=8)
    scale = alt.Scale(domain=[0, top], nice=False)
    axis = alt.Axis(values=[0, 25, 50, 75, 100], labelExpr="datum.label + ' %'", labelFlush=False)
    share = alt.X("share:Q").scale(scale).title("share of the ceiling (the best copy of the same bytes)").axis(axis)
    base = alt.Chart(alt.InlineData(rows))
    faded = alt.Opacity("opacity:Q").scale(None)
    bars = base.mark_bar(height=16).encode(y=y, x=share, color=alt.Color("colour:N").scale(None), opacity=faded)
    interval = base.mark_rule(color=INK, strokeWidth=1.5).encode(y=y, x=alt.X("low:Q").scale(scale), x2="high:Q")
    text = base.mark_text(align="left", fontSize=12, color=INK).encode(y=y, x=alt.value(470), text="text:N")
    full = alt.Chart(alt.InlineData([{"share": 100}])).mark_rule(color=INK, strokeDash=[4, 3]).encode(x="share:Q")
    under = [f"{where(view)}; intervals: {view.interval}", *textwrap.wrap(footnotes(said), SUBTITLE_WIDTH)]
    title = alt.Title(f"C = diag(A) · B, {case}, cold: share of the ceiling", subtitle=under)
    chart = alt.layer(bars, full, interval, text).properties(width=460, height=alt.Step(24), title=title)
    caption = f"Share of the ceiling per backend, {case}, series cold, intervals {view.interval}, {view.machine.name}"
    return draw("headline", caption, chart)


def _bar(m: Measurement, name: str) -> dict[str, Any]:
    low, high = m.of_ceiling_ci99 or (m.of_ceiling, m.of_ceiling)
    return {
        "name": name,
        "share": 100 * (m.of_ceiling or 0),
        "low": 100 * (low or 0),
        "high": 100 * (high or 0),
        "text": units.percent_interval(m.of_ceiling, m.of_ceiling_ci99),
        "colour": colour(m.backend) if m.role == "backend" else NEUTRAL,
        "opacity": 1 if m.role == "backend" else 0.5,
    }


def _missing(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "text": f"{kind}: no time", "colour": NEUTRAL}
