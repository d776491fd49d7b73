"""How a number is written: fixed units, three significant digits, a dash for what was not measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite import text
from suite.cases import Case

if TYPE_CHECKING:  # it brings pydantic, 0.2 s that an answer need not wait for
    from suite.record.measurement import Measurement

ABSENT = "–"

UNBOUNDED = 1e6

ONE_PROCESS = "99 %, one process"
"""What an interval is where one process took all rounds: a repeat scatters by more than it shows."""


def digits(value: float | None) -> str:
    """Three significant digits; from 100 on whole numbers with thousands separated by commas."""
    if value is None:
        return ABSENT
    return f"{value:,.0f}" if abs(value) >= 99.95 else f"{value:#.3g}".rstrip(".")


def percent(share: float | None, decimals: int = 1) -> str:
    """A share, 1 being the whole, in percent."""
    return ABSENT if share is None else text.percent(share, decimals)


def percent_interval(share: float | None, interval: tuple[float, float] | None) -> str:
    """A share with its interval, both in percent to one decimal: 99.6 % [99.5, 99.7]."""
    if share is None or interval is None:
        return percent(share)
    return f"{percent(share)} [{_end(100 * interval[0], 1)}, {_end(100 * interval[1], 1)}]"


def interval_alone(interval: tuple[float, float] | None) -> str:
    """An interval of shares in percent: 99.5 to 99.7 %."""
    return ABSENT if interval is None else f"{_end(100 * interval[0], 1)} to {_end(100 * interval[1], 1)} %"


def ratio(value: float, interval: tuple[float, float]) -> str:
    """A ratio of times with its interval, to three decimals."""
    return f"{value:.3f} [{_end(interval[0], 3)}, {_end(interval[1], 3)}]"


def _end(value: float, decimals: int) -> str:
    """An interval's end; a record writes the largest float where it has none, which is 309 digits."""
    return "∞" if value > UNBOUNDED else f"{value:.{decimals}f}"


def microseconds(seconds: float | None) -> str:
    """Seconds as a number of µs; the column's head names the unit."""
    return ABSENT if seconds is None else digits(seconds * 1e6)


def gigabytes_per_s(bytes_per_s: float | None) -> str:
    """Bytes per second as a number of GB/s = 1e9 B/s; the column's head names the unit."""
    return ABSENT if bytes_per_s is None else digits(bytes_per_s / 1e9)


def binary(count: int | None) -> str:
    """Bytes in the largest binary unit that leaves at least 1: 50 MiB."""
    if count is None:
        return ABSENT
    size, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{size:.1f}".removesuffix(".0") + f" {units[0]}"


def interval(restarts: int) -> str:
    """What an interval beside a share or a ratio is; restarts: fresh processes that took the rounds."""
    return f"99 %, of a repeat, {restarts} restarts" if restarts > 1 else ONE_PROCESS


def label(case: Measurement | Case) -> str:
    """A case for a reader: 4096 × 4096 float32, the layout named unless contiguous."""
    layout = "" if case.layout == "contiguous" else f" {case.layout}"
    return f"{case.rows} × {case.cols} {case.dtype}{layout}"


def span(low: str, high: str) -> str:
    """Two written numbers as a range; one where both are written alike."""
    return low if low == high else f"{low} to {high}"
