"""The bandwidth figure: achieved bandwidth against bytes moved, one panel per series."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from reports import units
from reports.document import Figure
from reports.figures.svg import FAINT, MUTED, NEUTRAL, PANEL_WIDTH, Spec, colour, draw, layer, number, where, word
from reports.view import View, contenders, in_order
from suite.record.machine import Machine
from suite.record.measurement import Measurement, Series
from suite.text import percent

CEILING = "ceiling: best copy"
OTHERS = "others, all in the tables"

SERIES: tuple[Series, ...] = ("cold", "hot")

SUBTITLE_WIDTH = 50
"""Characters under a title, so that it is no wider than the panel."""

OFF_THE_FRAME = 0.1
"""The share of the ceiling below which, throughout, a muted backend is named, not drawn: it would flatten the rest."""

SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right", "triangle-left")


@lru_cache(maxsize=4)
def bandwidth(view: View) -> tuple[Figure, ...]:
    """Achieved bandwidth against bytes moved, float32 squares, cold and hot; none with fewer than two sizes.

    Only backends with a colour of their own are told apart; the others are thin lines behind them.
    """
    series: dict[Series, list[Measurement]] = {name: _squares(view, name) for name in SERIES}
    if len(in_order(series["cold"])) < 2:
        return ()
    off = _off_the_frame([each for found in series.values() for each in found])
    drawn = {name: [each for each in found if each.backend not in off] for name, found in series.items() if found}
    every = [each for found in drawn.values() for each in found]
    return tuple(_figure(view, name, found, every, off) for name, found in drawn.items())


def _figure(
    view: View, series: Series, found: list[Measurement], every: list[Measurement], off: Sequence[str]
) -> Figure:
    """One series; scales are common to `every` one, so that figures can be compared."""
    left_out = f"Not drawn, under {percent(OFF_THE_FRAME, 0)} of the ceiling: {', '.join(off)}"
    under = [line for text in (where(view), left_out if off else "") for line in textwrap.wrap(text, SUBTITLE_WIDTH)]
    title = {"text": f"Bandwidth, float32 squares, {series}", "subtitle": under, "fontSize": 13}
    caption = f"Achieved bandwidth in GB/s against bytes moved, float32 squares, series {series}, {view.machine.name}"
    return draw(f"bandwidth-{series}", caption, lambda: _panel(view.machine, found, every) | {"title": title})


def _off_the_frame(every: list[Measurement]) -> list[str]:
    best: dict[str, float] = {}
    for each in every:
        if _muted(each):
            best[each.backend] = max(best.get(each.backend, 0.0), each.of_ceiling or 0.0)
    return [name for name, share in best.items() if share < OFF_THE_FRAME]


def _muted(m: Measurement) -> bool:
    return m.role == "backend" and colour(m.backend) == MUTED


def _squares(view: View, series: Series) -> list[Measurement]:
    return [
        each
        for each in view.series(series)
        if (each.dtype, each.layout) == ("float32", "contiguous") and each.rows == each.cols and each.role != "control"
    ]


def _panel(machine: Machine, found: list[Measurement], every: list[Measurement]) -> Spec:
    speeds = [each.bandwidth_bytes_per_s / 1e9 for each in every] + [(machine.peak_bytes_per_s or 0) / 1e9]
    low, high = 0.8 * min(speed for speed in speeds if speed), 1.25 * max(speeds)
    across = {"type": "log", "base": 2, "nice": False, "padding": 12}
    up = {"type": "log", "domain": [low, high], "nice": False}
    x = number("mib", scale=across, title="bytes moved", axis=_bytes_axis(every))
    y = number("speed", scale=up, title="GB/s", axis={"values": _decades(low, high), "format": ","})
    layers = [*_limits(machine, low), *_lines(found, {"x": x, "y": y})]
    return {"layer": layers, "width": PANEL_WIDTH, "height": 330}


def _lines(found: list[Measurement], place: Spec) -> Iterator[Spec]:
    """The layers from back to front: the ceiling, the muted backends, the others with their points."""
    best = [_point(each) | {"name": CEILING} for each in found if each.backend == each.ceiling]
    muted = [_point(each) | {"name": OTHERS, "each": each.backend} for each in found if _muted(each)]
    apart = [_point(each) for each in found if each.role == "backend" and not _muted(each)]
    shades, shape = _legend(found)
    looks = {**place, "color": shades}
    yield layer(best, "line", looks, strokeWidth=8, opacity=0.5)
    yield layer(muted, "line", {**looks, "detail": word("each")}, strokeWidth=1, opacity=0.8)
    yield layer(apart, "line", looks, strokeWidth=1.5)
    yield layer(apart, "point", {**looks, "shape": shape}, filled=True, size=45, opacity=1)


def _legend(found: list[Measurement]) -> tuple[Spec, Spec]:
    """The colour and the shape of what is drawn, under one legend: backends, the others as one, the ceiling.

    The backends stand as their lines end at the right, the fastest first; each keeps its shape in every figure.
    """
    largest = max(each.bytes_moved for each in found)
    ends = sorted((each for each in found if each.bytes_moved == largest), key=lambda m: -m.bandwidth_bytes_per_s)
    apart = contenders((each for each in (*ends, *found) if not _muted(each)), ("backend",))
    shapes_of = {name: SHAPES[place % len(SHAPES)] for place, name in enumerate(sorted(apart))}
    looks = {name: (colour(name), shapes_of[name]) for name in apart}
    looks |= {OTHERS: (MUTED, "stroke")} if any(map(_muted, found)) else {}
    looks |= {CEILING: (NEUTRAL, "square")}
    colours, shapes = ([look[which] for look in looks.values()] for which in (0, 1))
    legend = {"title": None, "orient": "bottom", "columns": 2, "symbolStrokeWidth": 2, "symbolOpacity": 1}
    return (
        word("name", scale={"domain": list(looks), "range": colours}, legend=legend),
        word("name", scale={"domain": list(looks), "range": shapes}, legend=legend),
    )


def _point(m: Measurement) -> dict[str, Any]:
    return {"name": m.backend, "mib": m.bytes_moved / 2**20, "speed": m.bandwidth_bytes_per_s / 1e9}


def _limits(machine: Machine, low: float) -> Iterator[Spec]:
    """The lines that the device sets: the size of its cache and, where it says so, its peak bandwidth."""
    cache = "L2" if machine.kind == "cuda" else "cache"
    size = [{"mib": machine.cache_bytes / 2**20, "speed": low, "text": f"{cache} {units.binary(machine.cache_bytes)}"}]
    words = {"align": "left", "color": FAINT, "fontSize": 11, "dy": -8}
    across, up, text = number("mib"), number("speed"), word("text")
    yield layer(size, "rule", {"x": across}, color=FAINT, strokeDash=[2, 3])
    yield layer(size, "text", {"x": across, "y": up, "text": text}, dx=5, **words)
    if machine.peak_bytes_per_s:
        speed = machine.peak_bytes_per_s / 1e9
        peak = [{"speed": speed, "text": f"peak {units.digits(speed)} GB/s"}]
        yield layer(peak, "rule", {"y": up}, color=FAINT, strokeDash=[6, 3])
        yield layer(peak, "text", {"x": {"value": 0}, "y": up, "text": text}, dx=4, **words)


def _bytes_axis(every: list[Measurement]) -> Spec:
    """Ticks at every fourth power of two, in the binary unit that suits each."""
    exponents = [math.log2(each.bytes_moved / 2**20) for each in every]
    ticks = [2.0**power for power in range(-40, 41, 4) if min(exponents) - 1 <= power <= max(exponents) + 1]
    unit = "datum.value >= 1024 ? datum.value / 1024 + ' GiB' : datum.value >= 1 ? datum.value + ' MiB'"
    return {"values": ticks, "labelExpr": f"{unit} : datum.value * 1024 + ' KiB'"}


def _decades(low: float, high: float) -> list[float]:
    """The ticks 1, 2 and 5 in every decade between two bandwidths in GB/s."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [step * 10.0**power for power in powers for step in (1, 2, 5) if low <= step * 10.0**power <= high]
