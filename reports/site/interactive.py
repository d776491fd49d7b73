"""What a GPU's page draws in the browser: its data and Vega-Lite as scripts beside it, for a page opened from disk.

The page itself holds all of it as tables and figures; without a script those stand.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import vl_convert

from reports import units
from reports.answers.brief import Brief
from reports.answers.evidence import Cell, Device
from reports.archive import profile_beside
from reports.figures.bandwidth import CEILING
from reports.figures.svg import NEUTRAL, colour, looks
from reports.kept import Files, Kept
from reports.sections import why
from reports.site.layout import template
from reports.site.samples import histograms
from reports.view import View
from suite.cases import parse
from suite.record.measurement import Measurement, Series
from suite.record.store import read_run

SERIES: tuple[Series, ...] = ("cold", "hot")


def libraries(kept: Kept) -> Files:
    """Vega-Lite, and what draws with it, each once for all pages; Vega-Lite's name changes with its bytes."""
    text = kept.text("vega", (version("vl-convert-python"),), _vega)
    return {f"vega-{hashlib.sha256(text.encode()).hexdigest()[:12]}.js": text, "gpu.js": template("gpu.js")}


@cache  # to bundle it takes a second
def _vega() -> str:
    """The bundle in a function of its own: by itself it declares names as short as `$` for the whole page."""
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return f"(() => {{{bundle}}})();\n"


def script(device: Device, run: Brief, runs: Mapping[str, tuple[str, str]]) -> str:
    """The device's times by case, and its newest run in full; `runs`: a run's file -> its name and its page."""
    newest = run.view
    names = dict.fromkeys(name for series in SERIES for each in device.cells.get(series, {}).values() for name in each)
    names |= dict.fromkeys(m.backend for series in SERIES for m in newest.series(series) if m.role == "backend")
    whole = {
        "device": device.slug,
        "cacheBytes": device.cache_bytes,
        "cache": units.binary(device.cache_bytes),
        "peak": device.peak_bytes_per_s and device.peak_bytes_per_s / 1e9,
        "looks": looks(),
        "copy": CEILING,
        "colours": {name: colour(name) for name in names} | {CEILING: NEUTRAL},
        "runs": [runs[run.file] for run in device.runs],
        "newest": f"{newest.record.utc:%Y-%m-%d %H:%M} UTC, commit {newest.machine.commit[:10]}",
        "cases": _cases(device, newest),
        "times": {
            series: {
                case: {name: [cell.share, _microseconds(cell)] for name, cell in cells.items()}
                for case, cells in device.cells.get(series, {}).items()
            }
            for series in SERIES
        },
        "full": {series: _full(newest, series) for series in SERIES},
        "samples": histograms(read_run(Path(run.path)), SERIES),
        "counters": _counters(newest),
    }
    return f"window.diagbench = {json.dumps(whole, ensure_ascii=False, separators=(',', ':'))};\n"


def _counters(view: View) -> dict[str, Any] | None:
    """What Nsight Compute counted beside the run: of which case, in words, and as a table; None where it was not asked.

    A profile that cannot be read counts as none: the run's own page tells of it.
    """
    beside = profile_beside(view.record, lambda error: None)
    if beside is None:
        return None
    (section,) = why.sections(View(view.record, lambda error: None))
    (table,) = section.tables
    return {"case": beside[1].case, "said": section.paragraphs, "heads": table.heads, "rows": table.rows}


def _cases(device: Device, newest: View) -> dict[str, list[Any]]:
    """Case -> its label, rows, columns, dtype, layout, bytes moved and regime."""
    known = dict.fromkeys(case for series in SERIES for case in device.cells.get(series, {}))
    known |= dict.fromkeys(m.case for series in SERIES for m in newest.series(series))
    parsed = {name: parse(name) for name in known}
    return {
        name: [units.label(c), c.rows, c.cols, c.dtype, c.layout, c.bytes_moved, device.regime(c)]
        for name, c in parsed.items()
    }


def _microseconds(cell: Cell) -> dict[int, list[float]]:
    return {run: [_rounded(seconds * 1e6) for seconds in times] for run, times in cell.times.items()}


def _full(view: View, series: Series) -> dict[str, dict[str, list[Any]]]:
    """Case -> backend -> µs, its 5th and 95th percentile, share of the best copy, that one's interval, and the form."""
    return {m.case: dict(_rows(view, series, m.case)) for m in view.cases(series)}


def _rows(view: View, series: Series, case: str) -> Iterator[tuple[str, list[Any]]]:
    for name, m in view.campaign(series, case).items():
        if m.role == "backend":
            yield name, _row(m)
        elif name == m.ceiling:
            yield CEILING, _row(m)


def _row(m: Measurement) -> list[Any]:
    shares = (m.of_ceiling, *(m.of_ceiling_ci99 or (None, None)))
    times = (_rounded(seconds * 1e6) for seconds in (m.median_s, m.p5_s, m.p95_s))
    return [*times, *(None if share is None else _rounded(100 * share) for share in shares), m.form]


def _rounded(value: float) -> float:
    """Five significant digits."""
    return float(f"{value:.5g}")
