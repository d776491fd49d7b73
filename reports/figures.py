"""The three figures of a run, each one specification for the HTML page, the Markdown page and use on its own."""

from __future__ import annotations

import textwrap
from typing import Any

import altair as alt

from reports import records, units
from reports.bandwidth import bandwidth
from reports.evidence import outcomes_of
from reports.svg import FAINT, GRID, INK, NEUTRAL, Figure, colour, draw, where
from reports.tables import footnotes, starred
from suite.record.measurement import Measurement
from suite.record.run import Record

SUBTITLE_WIDTH = 110  # characters: about as wide as bars and numbers together
WHITE_TEXT_BELOW = 0.25
LOSSES = {0: "#7f2704", 50: "#f16913", 80: "#fdc692", 100: "#fff8f0"}
"""Share of the ceiling in percent -> colour: pale where nothing is lost, so that the eye goes to the losses."""


def figures(record: Record) -> tuple[Figure, ...]:
    """The figures that the run has data for, the headline first."""
    drawn = (headline(record), bandwidth(record), shares(record))
    return tuple(figure for figure in drawn if figure)


def headline(record: Record) -> Figure | None:
    """Share of the ceiling per candidate at the headline case, with 99 % intervals; None if nothing was measured.

    A backend that was tried and has no number is named with its outcome; one that is not available here is left out.
    """
    shown = [each for each in records.headline(record) if each.role != "control" and each.of_ceiling is not None]
    if not shown:
        return None
    case = records.label(shown[0])
    said = records.remarks(record, records.candidates(shown, ("backend",)))
    rows = [_bar(each, starred(each.backend, said)) for each in shown]
    without = (each for each in outcomes_of(record, shown[0].case, "cold") if each.kind != "unavailable")
    rows += [_missing(each.backend, each.kind) for each in without]
    names = list(dict.fromkeys(row["name"] for row in rows))
    top = max(100.0, *(row["high"] for row in rows if "high" in row))
    y = alt.Y("name:N").sort(names).title(None).axis(ticks=False, domain=False, labelPadding=8)
    scale = alt.Scale(domain=[0, top], nice=False)
    axis = alt.Axis(values=[0, 25, 50, 75, 100], labelExpr="datum.label + ' %'", labelFlush=False)
    share = (
        alt.X("share:Q").scale(scale).title("share of the ceiling (the best plain copy of the same bytes)").axis(axis)
    )
    base = alt.Chart(alt.InlineData(rows))
    faded = alt.Opacity("opacity:Q").scale(None)
    bars = base.mark_bar(height=16).encode(y=y, x=share, color=alt.Color("colour:N").scale(None), opacity=faded)
    interval = base.mark_rule(color=INK, strokeWidth=1.5).encode(y=y, x=alt.X("low:Q").scale(scale), x2="high:Q")
    text = base.mark_text(align="left", fontSize=12, color=INK).encode(y=y, x=alt.value(470), text="text:N")
    full = alt.Chart(alt.InlineData([{"share": 100}])).mark_rule(color=INK, strokeDash=[4, 3]).encode(x="share:Q")
    under = [where(record), *textwrap.wrap(footnotes(said), SUBTITLE_WIDTH)]
    title = alt.Title(f"C = diag(A) · B, {case}, cold: share of the ceiling", subtitle=under)
    chart = alt.layer(bars, full, interval, text).properties(width=460, height=alt.Step(24), title=title)
    caption = f"Share of the ceiling per backend, {case}, series cold, 99 % intervals, {record.machine.name}"
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


def shares(record: Record) -> Figure | None:
    """Share of the ceiling per case and candidate in the series cold, as a map; None with fewer than two cases.

    Backends stand by their median share, the best to the left; a cell without a number is grey.
    """
    cold = [each for each in records.measured(record, "cold") if each.role != "control" and each.of_ceiling is not None]
    cases = records.cases(cold)
    if len(cases) < 2:
        return None
    names = [*records.ranked(cold), *records.candidates(cold, ("ceiling",))]
    found = {(each.case, each.backend): each.of_ceiling or 0.0 for each in cold}
    rows = [_field(case, name, found.get((case.case, name))) for case in cases for name in names]
    x = alt.X("name:N").sort(names).title(None)
    y = alt.Y("case:N").sort([records.label(case) for case in cases]).title(None)
    legend = alt.Legend(title="%", gradientLength=160, values=[0, 25, 50, 75, 100])
    shade = alt.Color("share:Q").scale(domain=list(LOSSES), range=list(LOSSES.values()), clamp=True).legend(legend)
    plain = {"ticks": False, "domain": False, "grid": False}
    base = alt.Chart(alt.InlineData(rows)).encode(
        x=x.axis(orient="top", labelAngle=-35, labelAlign="left", **plain), y=y.axis(labelPadding=8, **plain)
    )
    empty = base.transform_filter("datum.share === null").mark_rect(color=GRID)
    cells = base.transform_filter("datum.share !== null").mark_rect().encode(color=shade)
    text = base.mark_text(fontSize=11).encode(text="text:N", color=alt.Color("ink:N").scale(None))
    title = alt.Title("Share of the ceiling per case, series cold, %", subtitle=where(record))
    chart = alt.layer(empty, cells, text).resolve_scale(color="independent")
    caption = f"Share of the ceiling per case and backend in percent, series cold, {record.machine.name}"
    return draw("shares", caption, chart.properties(width=alt.Step(46), height=alt.Step(19), title=title))


def _field(case: Measurement, name: str, share: float | None) -> dict[str, Any]:
    if share is None:
        return {"case": records.label(case), "name": name, "share": None, "text": units.ABSENT, "ink": FAINT}
    ink = "#fff" if share < WHITE_TEXT_BELOW else "#000"
    return {"case": records.label(case), "name": name, "share": 100 * share, "text": f"{100 * share:.1f}", "ink": ink}
