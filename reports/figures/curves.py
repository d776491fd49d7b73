"""The share of cases in which a backend is within so much of the fastest: a curve per backend, a panel per way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reports.document import Figure
from reports.figures.svg import MUTED, PANEL_WIDTH, Spec, colour, draw, layer, number, word

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


def _chart(device: str, words: str, of_backends: Curves) -> Spec:
    looks = {name: colour(name) for name in of_backends if colour(name) != MUTED} | {OTHERS: MUTED}
    legend = {"title": None, "orient": "bottom", "columns": 2, "symbolType": "stroke", "symbolStrokeWidth": 3}
    percent = "round(datum.value * 100) + ' %'"
    losses = {"values": list(TICKS), "labelExpr": percent, "labelFlush": True}
    scale = {"type": "log", "domain": [LEAST, MOST], "nice": False}
    shares = {"values": [0, 0.25, 0.5, 0.75, 1], "labelExpr": percent}
    encoding = {
        "x": number("loss", scale=scale, axis=losses, title="slower by at most"),
        "y": number("share", scale={"domain": [0, 1]}, axis=shares, title=None),
        "color": word("name", scale={"domain": list(looks), "range": list(looks.values())}, legend=legend),
        "detail": word("each"),
    }
    points = [point for name, ratios in of_backends.items() for point in _curve(name, ratios)]
    behind, front = ([each for each in points if (each["name"] == OTHERS) == muted] for muted in (True, False))
    layers = [
        layer(behind, "line", encoding, interpolate="step-after", strokeWidth=1, opacity=0.7),
        layer(front, "line", encoding, interpolate="step-after", strokeWidth=2.2, opacity=1),
    ]
    under = ["share of cases within so much of the fastest,", f"{device}, each case at its worst run"]
    title = {"text": words, "subtitle": under, "fontSize": 13}
    return {"layer": layers, "width": PANEL_WIDTH, "height": 200, "title": title}


def _curve(name: str, ratios: Sequence[float]) -> Iterator[dict[str, Any]]:
    """The steps of one backend's curve, its ends included."""
    losses = sorted(ratio - 1 for ratio in ratios)
    shown = OTHERS if colour(name) == MUTED else name
    for loss in (LEAST, *(loss for loss in losses if LEAST < loss < MOST), MOST):
        share = sum(each <= loss for each in losses) / len(losses)
        yield {"name": shown, "each": name, "loss": loss, "share": share}
