"""How close does every backend get to the ceiling, in every case?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reports import units
from reports.document import Cell, Figure, Section, Table, loss_level, said
from reports.marks import ABOVE, ABOVE_WHERE, LEGEND, footnotes, share_cell, share_interval, starred, verdict_cell
from reports.view import View, contenders, ranked
from suite.record.measurement import Measurement, Series

COLD = (
    "Operands are no longer in {cache}: we rotate through enough copies to fill it five times{graph}. So every launch "
    "pays for its own bytes, write-backs included. The smallest cases would need more copies than a sample has "
    "launches; they are named under how it was measured."
)
HOT = "Every launch uses the same operands, so what fits the cache stays in it. The ceiling's operands do too."
SERIES: tuple[Series, ...] = ("cold", "hot")
"""The series with a ceiling."""


def _includes(view: View, series: Series) -> str:
    """What a time of the series includes."""
    if series == "hot":
        return HOT
    if view.machine.kind == "cuda":
        return COLD.format(cache="L2", graph=", inside one CUDA graph")
    return COLD.format(cache="the cache", graph="")


def sections(view: View, figures: tuple[Figure, ...]) -> Iterator[Section]:
    """A section per series with a ceiling that was measured; the figures stand in the first one."""
    for series in SERIES:
        if view.series(series):
            yield Section(
                f"Share of the ceiling, series {series}",
                said(_includes(view, series), _by_the_host(view, series), _doubt(view.series(series))),
                figures if series == "cold" else (),
                tables=(share_table(view, series), numbers_table(view, series)),
            )


def _by_the_host(view: View, series: Series) -> str:
    """Who has no share, for the host's clock took its times and the device's the ceiling."""
    names = contenders((each for each in view.series(series) if each.of_ceiling is None), ("backend",))
    if not names:
        return ""
    said = "cannot be queued ahead of the device. So the host's clock took its times, and the device's the ceiling's."
    return f"No share is given of {', '.join(names)}, whose launches {said}"


def _doubt(measurements: Iterable[Measurement]) -> str:
    flagged = sum(each.above_ceiling for each in measurements)
    if not flagged:
        return ""
    return f"{flagged} marked !: {ABOVE}. {ABOVE_WHERE} Look at the counters before believing such a share."


def share_table(view: View, series: Series) -> Table:
    """Share of the ceiling in percent: a row per case, a column per backend and ceiling, the best median first."""
    backends = ranked(view.series(series))
    names = [*backends, *contenders(view.series(series), ("ceiling",))]
    remarks = view.remarks(backends)
    rows = (
        (units.label(case), *_share_cells(view.campaign(series, case.case), names), case.regime)
        for case in view.cases(series)
    )
    heads = ("case", *(starred(name, remarks) for name in names), "regime")
    return Table(heads, tuple(rows), note=footnotes(remarks, after=f"In %. {LEGEND}"))


def _share_cells(campaign: Mapping[str, Measurement], names: Iterable[str]) -> Iterator[str]:
    return (_share_cell(campaign[name]) if name in campaign else units.ABSENT for name in names)


def _share_cell(m: Measurement) -> Cell:
    return Cell(share_cell(m), level=loss_level(m.ratio) if m.role == "backend" else None)


def numbers_table(view: View, series: Series) -> Table:
    """All that was measured in a series, a row per case and contender."""
    heads = (
        "case", "contender", "form", "median, µs", "mean, µs", "p5, µs", "p95, µs", "relative IQR", "GB/s",
        view.within("of the ceiling"), "of peak", view.within("time / fastest"), "verdict",
        "of the ceiling in each restart, %", "rounds",
        "launches per sample", "buffer sets",
    )  # fmt: skip
    remarks = view.remarks(contenders(view.series(series), ("backend",)))
    rows = tuple(
        _numbers_row(each, starred(each.backend, remarks))
        for case in view.cases(series)
        for each in view.campaign(series, case.case).values()
    )
    summary = f"All numbers of the series {series}: {len(rows)} rows"
    return Table(heads, rows, text=3, note=footnotes(remarks), summary=summary)


def _in_each_restart(m: Measurement) -> str:
    shares = [f"{100 * each.of_ceiling:.1f}" for each in m.restarts if each.of_ceiling is not None]
    return ", ".join(shares) or "one process"


def _numbers_row(m: Measurement, name: str) -> tuple[str, ...]:
    times = (m.median_s, m.mean_s, m.p5_s, m.p95_s)
    return (
        units.label(m),
        name,
        m.form or units.ABSENT,
        *(units.microseconds(time) for time in times),
        f"{100 * m.noise_relative_iqr:.2f} %",
        units.gigabytes_per_s(m.bandwidth_bytes_per_s),
        share_interval(m),
        units.percent(m.of_peak),
        units.ratio(m.ratio, m.ratio_ci99),
        verdict_cell(m),
        _in_each_restart(m),
        str(m.rounds),
        str(m.launches_per_sample),
        f"{m.buffer_sets} of {m.buffer_sets_needed}" if m.buffer_sets < m.buffer_sets_needed else str(m.buffer_sets),
    )
