"""The share of cases in which a backend is within so much of the fastest: a curve per backend, a panel per way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from reports.document import Figure
from reports.figures.svg import MUTED, PANEL_WIDTH, colour, draw

LEAST, MOST = 0.005, 1.0
"""The losses between which curves are drawn: below half a percent is the noise, 100 % is twice the time."""

TICKS = (0.01, 0.02, 0.05, 0.10, 0.20, 0.50, 1.00)
OTHERS = "other backends"

Curves = Mapping[str, Sequence[float]]
"""Backend -> its time over the fastest's, one per case; infinite where it has none."""


def curves(name: str, device: str, words: str, of_backends: Curves) -> Figure:
    """The share of cases, in percent, in which a backend loses at most so much, by one way of calling, in words."""
    caption = f"Share of cases within so much of the fastest, a curve per backend, {words}, {device}"
    return draw(f"within-{name}", caption, lambda: _chart(device, words, of_backends))


def _chart(device: str, words: str, of_backends: Curves) -> alt.LayerChart:
    looks = {name: colour(name) for name in of_backends if colour(name) != MUTED} | {OTHERS: MUTED}
    legend = alt.Legend(title=None, orient="bottom", columns=2, symbolType="stroke", symbolStrokeWidth=3)
    shades = alt.Color("name:N").scale(domain=list(looks), range=list(looks.values())).legend(legend)
    percent = "round(datum.value * 100) + ' %'"
    losses = alt.Axis(values=list(TICKS), labelExpr=percent, labelFlush=True)
    x = alt.X("loss:Q").scale(type="log", domain=[LEAST, MOST], nice=False).axis(losses).title("slower by at most")
    y = alt.Y("share:Q").scale(domain=[0, 1]).axis(values=[0, 0.25, 0.5, 0.75, 1], labelExpr=percent).title(None)
    points = [point for name, ratios in of_backends.items() for point in _curve(name, ratios)]
    layers = [
        alt.Chart(alt.InlineData([point for point in points if (point["name"] == OTHERS) == behind]))
        .mark_line(interpolate="step-after", strokeWidth=1 if behind else 2.2, opacity=0.7 if behind else 1)
        .encode(x=x, y=y, color=shades, detail="each:N")
        for behind in (True, False)
    ]
    under = ["share of cases within so much of the fastest,", f"{device}, each case at its worst run"]
    title = alt.Title(words, subtitle=under, fontSize=13)
    return alt.layer(*layers).properties(width=PANEL_WIDTH, height=200, title=title)


def _curve(name: str, ratios: Sequence[float]) -> Iterator[dict[str, Any]]:
    """The steps of one backend's curve, its ends included."""
    losses = sorted(ratio - 1 for ratio in ratios)
    shown = OTHERS if colour(name) == MUTED else name
    for loss in (LEAST, *(loss for loss in losses if LEAST < loss < MOST), MOST):
        share = sum(each <= loss for each in losses) / len(losses)
        yield {"name": shown, "each": name, "loss": loss, "share": share}
