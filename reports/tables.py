"""The measured numbers as tables: rows of text with units in the heads, for the page templates and the terminal."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table as RichTable
from rich.text import Text

from reports import records, units
from suite.record import Measurement, Record, Series

MARKS = {"SAME": " =", "UNDECIDED": " ?", "FASTER": " <", "SLOWER": ""}
"""Behind a share of the ceiling: how the backend compares with the fastest one of its case."""

LEGEND = (
    "= within the margin of the fastest backend, ? undecided, no mark: slower; ! above what the ceiling can explain"
)

TERMINAL_COLUMNS = 8


@dataclass(frozen=True)
class Table:
    """Rows of text under heads; the first `text` columns are words, the others numbers. Folded under `summary`."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text: int = 1
    note: str = ""
    summary: str = ""


Part = tuple[str, tuple[str, ...], tuple[Table, ...]]
"""The title, the paragraphs and the tables of a section of a page."""


def headline_table(record: Record) -> Table:
    """Every candidate of the headline case, the fastest backend first, then the ceilings and the A/A control."""
    heads = ("candidate", "role", "median, µs", "GB/s", "of the ceiling [99 %]", "of peak", "time / fastest", "verdict")
    return Table(heads, tuple(_headline_row(each) for each in records.headline(record)), text=2)


def _headline_row(m: Measurement) -> tuple[str, ...]:
    return (
        m.backend,
        m.role,
        units.microseconds(m.median_s),
        units.gigabytes_per_s(m.bandwidth_bytes_per_s),
        units.percent_interval(m.of_ceiling, m.of_ceiling_ci99) + (" !" if m.above_ceiling else ""),
        units.percent(m.of_peak),
        units.ratio(m.ratio, m.ratio_ci99),
        m.verdict if m.role == "backend" else units.ABSENT,
    )


def share_table(record: Record, series: Series) -> Table:
    """Share of the ceiling, a row per case and a column per backend and ceiling."""
    measurements = records.measured(record, series)
    names = records.candidates(measurements, ("backend", "ceiling"))
    cells = {(each.case, each.backend): share_cell(each) for each in measurements}
    rows = (
        (records.label(case), case.regime, *(cells.get((case.case, name), units.ABSENT) for name in names))
        for case in records.cases(measurements)
    )
    return Table(("case", "regime", *names), tuple(rows), text=2, note=LEGEND)


def share_cell(m: Measurement) -> str:
    """A share of the ceiling and its marks; see LEGEND."""
    mark = MARKS[m.verdict] if m.role == "backend" else ""
    return units.percent(m.of_ceiling) + mark + (" !" if m.above_ceiling else "")


def numbers_table(record: Record, series: Series) -> Table:
    """All that was measured in a series, a row per case and candidate."""
    heads = (
        "case", "candidate", "form", "median, µs", "mean, µs", "p5, µs", "p95, µs", "relative IQR", "GB/s",
        "of the ceiling [99 %]", "of peak", "time / fastest [99 %]", "verdict", "rounds", "launches per sample",
        "buffer sets",
    )  # fmt: skip
    measurements = records.measured(record, series)
    rows = tuple(
        _numbers_row(each) for case in records.cases(measurements) for each in measurements if each.case == case.case
    )
    return Table(heads, rows, text=3, summary=f"All numbers of the series {series}: {len(rows)} rows")


def _numbers_row(m: Measurement) -> tuple[str, ...]:
    times = (m.median_s, m.mean_s, m.p5_s, m.p95_s)
    return (
        records.label(m),
        m.backend + (", allocates C" if m.allocates else ""),
        m.form or units.ABSENT,
        *(units.microseconds(time) for time in times),
        f"{100 * m.noise_relative_iqr:.2f} %",
        units.gigabytes_per_s(m.bandwidth_bytes_per_s),
        units.percent_interval(m.of_ceiling, m.of_ceiling_ci99) + (" !" if m.above_ceiling else ""),
        units.percent(m.of_peak),
        units.ratio(m.ratio, m.ratio_ci99),
        m.verdict if m.role == "backend" else units.ABSENT,
        str(m.rounds),
        str(m.launches_per_sample),
        f"{m.buffer_sets} of {m.buffer_sets_needed}" if m.buffer_sets < m.buffer_sets_needed else str(m.buffer_sets),
    )


def host_table(record: Record, series: Series) -> Table:
    """Host time per launch of the series launch or call, in µs: a row per case, a column per backend."""
    measurements = records.measured(record, series)
    names = records.candidates(measurements, ("backend",))
    cells = {
        (each.case, each.backend): units.microseconds(each.median_s) + MARKS[each.verdict] for each in measurements
    }
    rows = (
        (records.label(case), *(cells.get((case.case, name), units.ABSENT) for name in names))
        for case in records.cases(measurements)
    )
    return Table(("case", *(f"{name}, µs" for name in names)), tuple(rows), note=LEGEND.partition(";")[0])


def terminal_table(record: Record, series: Series = "cold") -> RichTable:
    """Share of the ceiling for a terminal: candidates down and cases across, turned round where cases are many."""
    measurements = records.measured(record, series)
    cases, names = records.cases(measurements), records.candidates(measurements)
    cells = {(each.case, each.backend): _styled(each) for each in measurements}
    heads = [records.label(case).replace(" ", "").replace(case.dtype, f"\n{case.dtype}\n").strip() for case in cases]
    grid = [[cells.get((case.case, name), Text(units.ABSENT)) for case in cases] for name in names]
    title = f"share of the ceiling, series {series}, {records.device(record.machine)}"
    if len(cases) > TERMINAL_COLUMNS:
        heads, names = [name.replace("_", "_\n") for name in names], [head.replace("\n", " ") for head in heads]
        grid = [list(row) for row in zip(*grid, strict=True)]
    table = RichTable(title=title, caption=LEGEND)
    table.add_column(no_wrap=True)
    for head in heads:
        table.add_column(Text(head), justify="right")
    for name, row in zip(names, grid, strict=True):
        table.add_row(Text(name), *row)
    return table


def _styled(m: Measurement) -> Text:
    tied = m.role == "backend" and m.verdict != "SLOWER"
    return Text(share_cell(m), style="bold green" if tied else "dim" if m.role != "backend" else "")
