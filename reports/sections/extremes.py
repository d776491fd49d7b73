"""Every backend's best and worst case by share of the ceiling, so that no single case stands for a backend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median

from reports import units
from reports.document import Section, Table
from reports.marks import footnotes, starred
from reports.view import View, ranked
from suite.record.measurement import Measurement, Series

SERIES: tuple[Series, ...] = ("cold", "hot")
"""The series with a ceiling."""


def sections(view: View) -> Iterator[Section]:
    """Best and worst case of every backend; nothing where no backend has a share of a ceiling."""
    found = tuple(table for table in (extremes_table(view, series) for series in SERIES) if table.rows)
    if found:
        words = (
            "Best and worst are by share of the ceiling, among the cases in which the backend got to a number. "
            "A backend that refuses or fails some has fewer cases. SLOWER counts the cases in which another backend "
            "was faster by more than δ."
        )
        yield Section("Best and worst case of every backend", (words,), tables=found)


def extremes_table(view: View, series: Series) -> Table:
    """A row per backend, the highest median share first."""
    names = ranked(view.series(series))
    shared: dict[str, list[Measurement]] = {name: [] for name in names}
    for each in view.series(series):
        if each.backend in shared and each.of_ceiling is not None:
            shared[each.backend].append(each)
    remarks = view.remarks(names)
    heads = (
        f"backend, {series}", "best case", "worst case", view.within("best share"), view.within("worst share"),
        "median share", "cases", "SLOWER",
    )  # fmt: skip
    rows = tuple(_row(shared[name], remarks) for name in names)
    return Table(heads, rows, text=3, note=footnotes(remarks))


def _row(measured: list[Measurement], remarks: Mapping[str, str]) -> tuple[str, ...]:
    by_share = sorted(
        ((each.of_ceiling, each.case, each) for each in measured if each.of_ceiling is not None), reverse=True
    )
    best, worst = by_share[0][-1], by_share[-1][-1]
    return (
        starred(best.backend, remarks),
        units.label(best),
        units.label(worst),
        *(units.percent_interval(each.of_ceiling, each.of_ceiling_ci99) for each in (best, worst)),
        units.percent(median(share for share, _, _ in by_share)),
        str(len(by_share)),
        str(sum(each.verdict == "SLOWER" for _, _, each in by_share)),
    )
