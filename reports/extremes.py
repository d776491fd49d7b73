"""Every backend's best and worst case by share of the ceiling, so that no single case stands for a backend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median

from reports import records, units
from reports.tables import Part, Table, footnotes, starred
from suite.record.measurement import Measurement, Series
from suite.record.run import Record

SERIES: tuple[Series, ...] = ("cold", "hot")
"""Those with a ceiling."""


def section(record: Record) -> Iterator[Part]:
    """Title, paragraphs and tables; nothing where no backend has a share of a ceiling."""
    found = tuple(table for table in (extremes_table(record, series) for series in SERIES) if table.rows)
    if found:
        words = (
            "By share of the ceiling, among the cases in which the backend got to a number: a backend that refuses or "
            "fails some has fewer of them. SLOWER: so many times another backend was faster by more than the margin."
        )
        yield "Best and worst case of every backend", (words,), found


def extremes_table(record: Record, series: Series) -> Table:
    """A row per backend, the highest median share first."""
    measured = records.measured(record, series)
    names = records.ranked(measured)
    said = records.remarks(record, names)
    heads = (
        f"backend, {series}", "best case", "worst case", "best share [99 %]", "worst share [99 %]", "median share",
        "cases", "SLOWER",
    )  # fmt: skip
    rows = tuple(_row([each for each in measured if each.backend == name], said) for name in names)
    return Table(heads, rows, text=3, note=footnotes(said))


def _row(measured: list[Measurement], said: Mapping[str, str]) -> tuple[str, ...]:
    by_share = sorted(
        ((each.of_ceiling, each.case, each) for each in measured if each.of_ceiling is not None), reverse=True
    )
    best, worst = by_share[0][-1], by_share[-1][-1]
    return (
        starred(best.backend, said),
        records.label(best),
        records.label(worst),
        *(units.percent_interval(each.of_ceiling, each.of_ceiling_ci99) for each in (best, worst)),
        units.percent(median(share for share, _, _ in by_share)),
        str(len(by_share)),
        str(sum(each.verdict == "SLOWER" for _, _, each in by_share)),
    )
