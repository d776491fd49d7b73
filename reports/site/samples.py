"""How a run's samples are spread: a histogram of each backend in each case, small enough for a page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from reports.answers.evidence import CHOOSABLE
from suite.record.measurement import Series
from suite.record.run import Record

BARS = 24
"""At most; the samples of a GPU are whole ticks of its timer, so there may be fewer."""

OUTERMOST = (0.01, 0.99)
"""Beyond these parts of the samples all are counted in the outermost bars: one late round would flatten the rest."""

Histogram = list[float]
"""Where the first bar begins and how wide all are, in µs; then how many samples each holds."""


def histograms(run: Record, series: Iterable[Series]) -> dict[str, dict[str, dict[str, Histogram]]]:
    """Series -> case -> backend -> the histogram of its samples, for those that may be recommended and have any."""
    found: dict[str, dict[str, dict[str, Histogram]]] = {each: {} for each in series}
    for bench in run.benchmarks:
        m = bench.measurement
        if m.series in found and m.backend in CHOOSABLE and m.role == "backend" and bench.samples_s:
            found[m.series].setdefault(m.case, {})[m.backend] = histogram(bench.samples_s)
    return found


def histogram(samples_s: Sequence[float]) -> Histogram:
    """The samples' histogram: bars as wide as whole ticks, so that none is empty for want of a tick in it."""
    values = np.asarray(samples_s) * 1e6
    low, high = (float(np.quantile(values, part, method="nearest")) for part in OUTERMOST)
    gaps = np.diff(np.unique(values))
    tick = float(gaps.min()) if len(gaps) else max(low, 1e-6) * 1e-3
    width = tick * math.ceil((round((high - low) / tick) + 1) / BARS)
    start = low - tick / 2
    last = int((high - start) / width)
    places = np.clip(np.floor((values - start) / width), 0, last).astype(int)
    return [float(f"{start:.7g}"), float(f"{width:.4g}"), *np.bincount(places, minlength=last + 1).tolist()]
