"""A chart as a self-contained SVG: the same bytes every time, legible on light and dark ground."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import quoteattr

import vl_convert

from backends import CATALOGUE
from reports.device import device
from reports.document import Figure
from reports.view import View

INK, FAINT, GRID, PAPER = "#1f2328", "#59636e", "#d8dee4", "#ffffff"
NEUTRAL = "#8b959f"  # on either ground
MUTED = "#727c86"  # the same, somewhat darker than what is no backend
DARK = {INK: "#f0f6fc", FAINT: "#9198a1", GRID: "#3d444d"}
DARK_PAPER = "#0d1117"

# Liberation Sans ships inside vl-convert, so text is measured alike everywhere; Arial has its widths in browsers.
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"

PANEL_WIDTH = 260
"""Between a panel's axes, in pixels: with their labels it fits a phone, for scaled text would be too small there."""

Spec = dict[str, Any]
"""A chart, or a part of one, as Vega-Lite's JSON has it."""

SPARE = ("#aa4499", "#3d9c8d", "#5f91c6", "#91912d", "#bb5566")

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"

STYLED: Spec = {
    "font": FONT,
    "background": PAPER,
    "padding": 8,
    "aria": False,
    "view": {"stroke": None},
    "title": {
        "color": INK,
        "subtitleColor": FAINT,
        "fontSize": 15,
        "subtitleFontSize": 12,
        "anchor": "start",
        "offset": 14,
    },
    "axis": {
        "labelColor": INK,
        "titleColor": FAINT,
        "gridColor": GRID,
        "domainColor": GRID,
        "tickColor": GRID,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelLimit": 400,
    },
    "legend": {"labelColor": INK, "titleColor": FAINT, "labelFontSize": 12, "labelLimit": 300, "symbolSize": 80},
}
"""The house style: one font, three inks; one label for the whole, none for each mark."""

STYLE = "".join(
    (
        f"@media (prefers-color-scheme:dark){{.chart>rect{{fill:{DARK_PAPER}}}",
        *(f'.chart [{what}="{light}"]{{{what}:{dark}}}' for light, dark in DARK.items() for what in ("fill", "stroke")),
        "}",
    )
)


def colour(backend: str) -> str:
    """The backend's own colour; muted for the rest of the catalogue, a spare one, always the same, for a candidate."""
    for entry in CATALOGUE:
        if entry.name == backend:
            return entry.colour or MUTED
    return SPARE[sum(backend.encode()) % len(SPARE)]


def where(view: View) -> str:
    """The subtitle of every figure: whose numbers it shows, and from when."""
    changed = " with uncommitted changes" if view.machine.tree_clean is False else ""
    return f"{device(view.machine)}, {view.record.utc:%Y-%m-%d}, commit {view.machine.commit[:10]}{changed}"


def draw(name: str, caption: str, make: Callable[[], Spec], *, on_page: bool = True) -> Figure:
    """The chart as a figure, made and rendered when its SVG is asked for."""
    return Figure(name, caption, lambda: _drawn(name, caption, make()), on_page)


def _drawn(name: str, caption: str, chart: Spec) -> str:
    """The chart's SVG. Ids are made the figure's own, so that several figures can stand in one page."""
    text = _rendered(json.dumps({"$schema": SCHEMA, "config": STYLED, **chart}))
    # Vega names every group a symbol for readers of screens; the whole has one label.
    text = re.sub(r' role="graphics-[a-z]+"| aria-roledescription="[^"]*"', "", text)
    ids = list(dict.fromkeys(re.findall(r'\bid="([^"]+)"', text)))
    for number, old in enumerate(ids):
        own = f"{name}-{number}"
        text = text.replace(f'id="{old}"', f'id="{own}"').replace(f"url(#{old})", f"url(#{own})")
    head = f'<svg role="img" aria-label={quoteattr(caption)} '
    text = text.replace("<svg ", head, 1).replace('class="marks"', 'class="chart"', 1)
    return text.replace(">", f"><style>{STYLE}</style>", 1) + "\n"


@lru_cache(maxsize=8)
def _rendered(chart: str) -> str:
    """The SVG of a chart's JSON: a fifth of a second each, and pages made twice in one process share them."""
    svg: str = vl_convert.vegalite_to_svg(chart)
    return svg


def layer(values: list[Spec], mark: str, encoding: Spec, **look: Any) -> Spec:
    """One kind of mark for each of the values; encoding: see Vega-Lite, look: of all marks alike."""
    return {"data": {"values": values}, "mark": {"type": mark, **look}, "encoding": encoding}


def number(name: str, **more: Any) -> Spec:
    """A channel that a number of the values goes to."""
    return {"field": name, "type": "quantitative", **more}


def word(name: str, **more: Any) -> Spec:
    """A channel that a text of the values goes to."""
    return {"field": name, "type": "nominal", **more}


def looks() -> Spec:
    """The house style for what a page draws itself: the light one, the dark one."""
    light = STYLED | {"padding": 4}
    text = json.dumps(light)
    for shade, other in (DARK | {PAPER: DARK_PAPER}).items():
        text = text.replace(f'"{shade}"', f'"{other}"')
    return {"light": light, "dark": json.loads(text), "neutral": NEUTRAL, "muted": MUTED}
