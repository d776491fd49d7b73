"""The three figures of a run, each one specification for the HTML page, the Markdown page and use on its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import altair as alt

from reports import records, units
from reports.evidence import outcomes_of
from reports.svg import FAINT, INK, NEUTRAL, Figure, colour, draw
from suite.record import Machine, Measurement, Record, Series

CEILING = "ceiling: best copy"
SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right", "triangle-left")
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
    rows = [_bar(each) for each in shown]
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
    bars = base.mark_bar(height=18).encode(y=y, x=share, color=alt.Color("colour:N").scale(None))
    interval = base.mark_rule(color=INK, strokeWidth=1.5).encode(y=y, x=alt.X("low:Q").scale(scale), x2="high:Q")
    text = base.mark_text(align="left", fontSize=12, color=INK).encode(y=y, x=alt.value(470), text="text:N")
    full = alt.Chart(alt.InlineData([{"share": 100}])).mark_rule(color=INK, strokeDash=[4, 3]).encode(x="share:Q")
    title = alt.Title(f"C = diag(A) · B, {case}, cold: share of the ceiling", subtitle=_where(record))
    chart = alt.layer(bars, full, interval, text).properties(width=460, height=alt.Step(28), title=title)
    caption = f"Share of the ceiling per backend, {case}, series cold, 99 % intervals, {record.machine.name}"
    return draw("headline", caption, chart)


def _bar(m: Measurement) -> dict[str, Any]:
    low, high = m.of_ceiling_ci99 or (m.of_ceiling, m.of_ceiling)
    return {
        "name": m.backend,
        "share": 100 * (m.of_ceiling or 0),
        "low": 100 * (low or 0),
        "high": 100 * (high or 0),
        "text": units.percent_interval(m.of_ceiling, m.of_ceiling_ci99),
        "colour": colour(m.backend) if m.role == "backend" else NEUTRAL,
    }


def _missing(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "text": f"{kind}: no time", "colour": NEUTRAL}


def _where(record: Record) -> str:
    changed = " with uncommitted changes" if record.machine.tree_clean is False else ""
    return f"{records.device(record.machine)}, {record.utc:%Y-%m-%d}, commit {record.machine.commit[:10]}{changed}"


def bandwidth(record: Record) -> Figure | None:
    """Achieved bandwidth against bytes moved, float32 squares, cold beside hot; None with fewer than two sizes."""
    cold, hot = (_squares(record, series) for series in ("cold", "hot"))
    if len(records.cases(cold)) < 2:
        return None
    series: dict[str, list[Measurement]] = {"cold": cold, **({"hot": hot} if hot else {})}
    every = [*cold, *hot]
    names = [*records.candidates(every, ("backend",)), CEILING]
    panel = _panel(record.machine, names, every)
    title = alt.Title("Achieved bandwidth against bytes moved, float32 squares", subtitle=_where(record))
    chart = alt.hconcat(*(panel(name, found) for name, found in series.items()), title=title, spacing=28)
    caption = f"Achieved bandwidth in GB/s against bytes moved, float32 squares, {record.machine.name}"
    return draw("bandwidth", caption, chart)


def _squares(record: Record, series: Series) -> list[Measurement]:
    return [
        each
        for each in records.measured(record, series)
        if (each.dtype, each.layout) == ("float32", "contiguous") and each.rows == each.cols and each.role != "control"
    ]


def _panel(
    machine: Machine, names: list[str], every: list[Measurement]
) -> Callable[[str, list[Measurement]], alt.Chart]:
    """What draws one series of the bandwidth figure; scales are common to all, so that panels can be compared."""
    speeds = [each.bandwidth_bytes_per_s / 1e9 for each in every] + [(machine.peak_bytes_per_s or 0) / 1e9]
    low, high = 0.8 * min(speed for speed in speeds if speed), 1.25 * max(speeds)
    colours = [NEUTRAL if name == CEILING else colour(name) for name in names]
    shapes = ["stroke" if name == CEILING else SHAPES[place % len(SHAPES)] for place, name in enumerate(names)]
    legend = alt.Legend(title=None, orient="right", symbolStrokeWidth=2, symbolOpacity=1)
    shades = alt.Color("name:N").scale(domain=names, range=colours).legend(legend)
    shape = alt.Shape("name:N").scale(domain=names, range=shapes).legend(legend)
    x = alt.X("mib:Q").scale(type="log", base=2, nice=False, padding=12).title("bytes moved").axis(_bytes_axis(every))
    y = alt.Y("speed:Q").scale(type="log", domain=[low, high], nice=False).axis(values=_decades(low, high), format=",")

    def panel(name: str, found: list[Measurement]) -> alt.Chart:
        best = [_point(each) | {"name": CEILING} for each in found if each.backend == each.ceiling]
        rows = [_point(each) for each in found if each.role == "backend"]
        ceiling, base = (
            alt.Chart(alt.InlineData(points)).encode(x=x, y=y.title("GB/s"), color=shades) for points in (best, rows)
        )
        wide = ceiling.mark_line(strokeWidth=8, opacity=0.5)
        lines = base.mark_line(strokeWidth=1.5)
        points = base.mark_point(filled=True, size=45, opacity=1).encode(shape=shape)
        title = alt.Title(f"series {name}", fontSize=13, fontWeight="normal", offset=6)
        return alt.layer(*_limits(machine, low), wide, lines, points).properties(width=360, height=330, title=title)

    return panel


def _point(m: Measurement) -> dict[str, Any]:
    return {"name": m.backend, "mib": m.bytes_moved / 2**20, "speed": m.bandwidth_bytes_per_s / 1e9}


def _limits(machine: Machine, low: float) -> list[alt.Chart]:
    """The lines that the device sets: the size of its cache and, where it says so, its peak bandwidth."""
    cache = "L2" if machine.kind == "cuda" else "cache"
    size = [{"mib": machine.cache_bytes / 2**20, "speed": low, "text": f"{cache} {units.binary(machine.cache_bytes)}"}]
    base = alt.Chart(alt.InlineData(size)).encode(x="mib:Q")
    text = {"align": "left", "color": FAINT, "fontSize": 11}
    marks = [
        base.mark_rule(color=FAINT, strokeDash=[2, 3]),
        base.mark_text(dx=5, dy=-8, **text).encode(y="speed:Q", text="text:N"),
    ]
    if machine.peak_bytes_per_s:
        speed = machine.peak_bytes_per_s / 1e9
        peak = alt.Chart(alt.InlineData([{"speed": speed, "text": f"peak {units.digits(speed)} GB/s"}]))
        marks.append(peak.mark_rule(color=FAINT, strokeDash=[6, 3]).encode(y="speed:Q"))
        marks.append(peak.mark_text(dx=4, dy=-8, **text).encode(x=alt.value(0), y="speed:Q", text="text:N"))
    return marks


def _bytes_axis(every: list[Measurement]) -> alt.Axis:
    """Ticks at every fourth power of two, in the binary unit that suits each."""
    exponents = [math.log2(each.bytes_moved / 2**20) for each in every]
    ticks = [2.0**power for power in range(-40, 41, 4) if min(exponents) - 1 <= power <= max(exponents) + 1]
    unit = "datum.value >= 1024 ? datum.value / 1024 + ' GiB' : datum.value >= 1 ? datum.value + ' MiB'"
    return alt.Axis(values=ticks, labelExpr=f"{unit} : datum.value * 1024 + ' KiB'")


def _decades(low: float, high: float) -> list[float]:
    """1, 2 and 5 in every decade between two bandwidths in GB/s."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [step * 10.0**power for power in powers for step in (1, 2, 5) if low <= step * 10.0**power <= high]


def shares(record: Record) -> Figure | None:
    """Share of the ceiling per case and candidate in the series cold, as a map; None with fewer than two cases."""
    cold = [each for each in records.measured(record, "cold") if each.role != "control" and each.of_ceiling is not None]
    cases = records.cases(cold)
    if len(cases) < 2:
        return None
    rows = [
        {
            "case": records.label(each),
            "name": each.backend,
            "share": 100 * (each.of_ceiling or 0),
            "text": f"{100 * (each.of_ceiling or 0):.1f}",
            "ink": "#fff" if (each.of_ceiling or 0) < WHITE_TEXT_BELOW else "#000",
        }
        for each in cold
    ]
    x = alt.X("name:N").sort(records.candidates(cold)).title(None)
    y = alt.Y("case:N").sort([records.label(case) for case in cases]).title(None)
    legend = alt.Legend(title="%", gradientLength=160, values=[0, 25, 50, 75, 100])
    shade = alt.Color("share:Q").scale(domain=list(LOSSES), range=list(LOSSES.values()), clamp=True).legend(legend)
    plain = {"ticks": False, "domain": False, "grid": False}
    base = alt.Chart(alt.InlineData(rows)).encode(
        x=x.axis(orient="top", labelAngle=-35, labelAlign="left", **plain), y=y.axis(labelPadding=8, **plain)
    )
    cells = base.mark_rect().encode(color=shade)
    text = base.mark_text(fontSize=11).encode(text="text:N", color=alt.Color("ink:N").scale(None))
    title = alt.Title("Share of the ceiling per case, series cold, %", subtitle=_where(record))
    chart = alt.layer(cells, text).resolve_scale(color="independent")
    caption = f"Share of the ceiling per case and backend in percent, series cold, {record.machine.name}"
    return draw("shares", caption, chart.properties(width=alt.Step(62), height=alt.Step(19), title=title))
