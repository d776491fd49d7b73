"""The headline figure: every contender's share of the ceiling at one case, with intervals."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from reports import units
from reports.document import Figure
from reports.figures.strip import LENS, MOST, top
from reports.figures.svg import FAINT, GRID, INK, NEUTRAL, Spec, colour, draw, layer, number, where, word
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


def _chart(view: View, shown: list[Measurement], case: str) -> Spec:
    said = view.remarks(contenders(shown, ("backend",)))
    rows = [_row(each, starred(each.backend, said)) for each in shown]
    without = (each for each in view.outcomes_of(shown[0].case, "cold") if each.kind != "unavailable")
    rows += [_missing(each.backend, each.kind) for each in without]
    names = list(dict.fromkeys(row["name"] for row in rows))
    places = {"ticks": False, "domain": False, "labelPadding": 8, "grid": True}
    y = word("name", sort=names, title=None, axis=places)
    under = [f"{where(view)}; intervals: {view.interval}", *textwrap.wrap(footnotes(said), SUBTITLE_WIDTH)]
    under += [f"◂ under {LENS:.0f} %, off the scale"] if any(row.get("shape") == OFF for row in rows) else []
    title = {"text": f"C = diag(A) · B, {case}, cold: share of the ceiling", "subtitle": under}
    return {"layer": list(_layers(rows, y, top(shown))), "width": 460, "height": {"step": 24}, "title": title}


def _layers(rows: list[Spec], y: Spec, end: float) -> Iterator[Spec]:
    """From back to front: where 100 % is, the intervals, the shares, the numbers beside them."""
    scale = {"domain": [LENS, end], "nice": False, "zero": False, "clamp": True}
    axis = {"values": list(range(int(LENS), 101)), "labelExpr": "datum.value + ' %'", "grid": False}
    x = number("share", scale=scale, title="share of the ceiling (the best copy of the same bytes)", axis=axis)
    shade, shape = word("colour", scale=None), word("shape", scale=None)
    yield layer([{"share": 100}], "rule", {"x": number("share", scale=scale)}, color=FAINT, strokeDash=[4, 3])
    reach = {"y": y, "x": number("low", scale=scale), "x2": {"field": "high"}, "color": shade}
    on_scale = {"transform": [{"filter": f"datum.low >= {LENS}"}]}
    yield layer(rows, "rule", reach, strokeWidth=2.5) | on_scale
    yield layer(rows, "point", {"y": y, "x": x, "color": shade, "shape": shape}, filled=True, size=75, opacity=1)
    beside = {"y": y, "x": {"value": 470}, "text": word("text")}
    yield layer(rows, "text", beside, align="left", fontSize=12, color=INK)


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
