"""The measured numbers as tables: rows of text with units in the heads, for the page templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reports import records, units
from suite.cases import HEADLINE
from suite.record.measurement import Measurement, Series
from suite.record.run import Record

MARKS = {"SAME": " =", "UNDECIDED": " ?", "FASTER": " <", "SLOWER": ""}
"""Behind a share of the ceiling: how the backend compares with the fastest one of its case."""

LEGEND = (
    "= within the margin of the fastest backend, ? undecided, no mark: slower; ! above what the ceiling can explain"
)

STAR = " *"
"""Behind the name of a backend about whose numbers something has to be said; the table's note says it."""


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
    candidates = records.headline(record)
    said = records.remarks(record, records.candidates(candidates, ("backend",)))
    rows = tuple(_headline_row(each, starred(each.backend, said)) for each in candidates)
    return Table(heads, rows, text=2, note=footnotes(said))


def _headline_row(m: Measurement, name: str) -> tuple[str, ...]:
    return (
        name,
        m.role,
        units.microseconds(m.median_s),
        units.gigabytes_per_s(m.bandwidth_bytes_per_s),
        units.percent_interval(m.of_ceiling, m.of_ceiling_ci99) + (" !" if m.above_ceiling else ""),
        units.percent(m.of_peak),
        units.ratio(m.ratio, m.ratio_ci99),
        m.verdict if m.role == "backend" else units.ABSENT,
    )


def starred(name: str, said: Mapping[str, str]) -> str:
    """The backend's name, with a star if there is a remark on it."""
    return name + (STAR if name in said else "")


def footnotes(said: Mapping[str, str], *, after: str = "") -> str:
    """The remarks as one note, behind another; backends with the same remark are named together."""
    alike: dict[str, list[str]] = {}
    for name, words in said.items():
        alike.setdefault(words, []).append(name)
    return ". ".join(filter(None, (after, *(f"* {', '.join(names)}: {words}" for words, names in alike.items()))))


def share_table(record: Record, series: Series) -> Table:
    """Share of the ceiling in percent: a row per case, a column per backend, best median first, and per ceiling."""
    measurements = records.measured(record, series)
    backends = records.ranked(measurements)
    names = [*backends, *records.candidates(measurements, ("ceiling",))]
    said = records.remarks(record, backends)
    cells = {(each.case, each.backend): share_cell(each) for each in measurements}
    rows = (
        (records.label(case), case.regime, *(cells.get((case.case, name), units.ABSENT) for name in names))
        for case in records.cases(measurements)
    )
    heads = ("case", "regime", *(starred(name, said) for name in names))
    return Table(heads, tuple(rows), text=2, note=footnotes(said, after=f"In %, {LEGEND}"))


def share_cell(m: Measurement) -> str:
    """A share of the ceiling in percent and its marks; see LEGEND."""
    mark = MARKS[m.verdict] if m.role == "backend" else ""
    share = units.ABSENT if m.of_ceiling is None else f"{100 * m.of_ceiling:.1f}"
    return share + mark + (" !" if m.above_ceiling else "")


def devices_table(devices: Iterable[Sequence[Record]]) -> Table:
    """Share of the ceiling at the headline case, cold: a row per device, a column per tuned backend and the baseline.

    Of each device's runs, newest first, the first that measured the case counts.
    """
    held = ([run for run in runs if records.measured(run, "cold", HEADLINE.id)] for runs in devices)
    newest = [runs[0] for runs in held if runs]
    measured = [records.measured(run, "cold", HEADLINE.id) for run in newest]
    names = [n for n in (*records.TUNED, records.BASELINE) if any(records.of(found, n) for found in measured)]
    rows = tuple(
        (records.device(run.machine), f"{run.utc:%Y-%m-%d}", *(_device_cell(run, found, name) for name in names))
        for run, found in zip(newest, measured, strict=True)
    )
    return Table(("device", "run", *names), rows, text=2)


def _device_cell(record: Record, found: Iterable[Measurement], name: str) -> str:
    m = records.of(found, name)
    if m is None:
        return units.ABSENT
    share, remark = units.percent_interval(m.of_ceiling, m.of_ceiling_ci99), records.remark(record, name)
    return f"{share}, {remark}" if remark else share


def numbers_table(record: Record, series: Series) -> Table:
    """All that was measured in a series, a row per case and candidate."""
    heads = (
        "case", "candidate", "form", "median, µs", "mean, µs", "p5, µs", "p95, µs", "relative IQR", "GB/s",
        "of the ceiling [99 %]", "of peak", "time / fastest [99 %]", "verdict", "rounds", "launches per sample",
        "buffer sets",
    )  # fmt: skip
    measurements = records.measured(record, series)
    said = records.remarks(record, records.candidates(measurements, ("backend",)))
    rows = tuple(
        _numbers_row(each, starred(each.backend, said))
        for case in records.cases(measurements)
        for each in measurements
        if each.case == case.case
    )
    summary = f"All numbers of the series {series}: {len(rows)} rows"
    return Table(heads, rows, text=3, note=footnotes(said), summary=summary)


def _numbers_row(m: Measurement, name: str) -> tuple[str, ...]:
    times = (m.median_s, m.mean_s, m.p5_s, m.p95_s)
    return (
        records.label(m),
        name,
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


def forms_table(record: Record) -> Table:
    """Which form of each tuned backend ran: a row per case, a column per backend; both where cold and hot differ."""
    every = [*records.measured(record, "cold"), *records.measured(record, "hot")]
    names = [name for name in records.TUNED if any(each.backend == name and each.form for each in every)]
    forms: dict[tuple[str, str], dict[str, str]] = {}
    for each in every:
        forms.setdefault((each.case, each.backend), {})[each.series] = each.form
    rows = tuple(
        (records.label(case), *(_forms_cell(forms.get((case.case, name), {})) for name in names))
        for case in records.cases(every)
    )
    return Table(("case", *names), rows if names else (), text=1 + len(names), summary="Forms per case")


def _forms_cell(forms: Mapping[str, str]) -> str:
    if len(set(forms.values())) > 1:
        return "; ".join(f"{series}: {form or units.ABSENT}" for series, form in forms.items())
    return next(iter(forms.values()), "") or units.ABSENT


def host_table(record: Record, series: Series) -> Table:
    """Host time per launch of the series launch or call, in µs: a row per backend, fastest first, a column per case."""
    measurements = records.measured(record, series)
    cases = records.cases(measurements)
    backends = (each for each in measurements if each.role == "backend")
    names = dict.fromkeys(each.backend for each in sorted(backends, key=lambda m: m.ratio))
    said = records.remarks(record, names)
    cells = {
        (each.case, each.backend): units.microseconds(each.median_s) + MARKS[each.verdict] for each in measurements
    }
    rows = tuple(
        (starred(name, said), *(cells.get((case.case, name), units.ABSENT) for case in cases)) for name in names
    )
    heads = ("backend", *(f"{records.label(case)}, µs" for case in cases))
    return Table(heads, rows, note=footnotes(said, after=LEGEND.partition(";")[0]))
