"""A share of the ceiling with its interval as a table's cell draws it: no chart, only where the marks stand."""

from __future__ import annotations

from collections.abc import Iterable

from reports.document import Strip
from reports.figures.svg import NEUTRAL, colour
from suite.record.measurement import Measurement

LENS = 95.0
"""The share in percent from which on a scale shows a contender: the differences that matter are a percent or two."""

MOST = 105.0


def top(shown: Iterable[Measurement]) -> float:
    """Where the scale of these shares ends, in percent."""
    ends = [100 * each.of_ceiling_ci99[1] for each in shown if each.of_ceiling_ci99]
    return min(MOST, max((100.5, *ends)))


def strip(m: Measurement, end: float) -> Strip | None:
    """The share and its interval on a scale from LENS to `end`, off it where the share is less than LENS."""
    if m.of_ceiling is None:
        return None
    low, high = m.of_ceiling_ci99 or (m.of_ceiling, m.of_ceiling)
    at = _on_scale(m.of_ceiling, end) if 100 * m.of_ceiling >= LENS else None
    shade = colour(m.backend) if m.role == "backend" else NEUTRAL
    return Strip(_on_scale(low, end), at, _on_scale(high, end), shade, _on_scale(1, end))


def _on_scale(share: float, end: float) -> float:
    """Percent of the scale's length."""
    return round(100 * min(1.0, max(0.0, (100 * share - LENS) / (end - LENS))), 1)
