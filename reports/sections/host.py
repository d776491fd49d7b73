"""What does a launch cost the host?"""

from __future__ import annotations

from collections.abc import Iterator

from reports import units
from reports.document import Section, Table
from reports.marks import VERDICT_LEGEND, footnotes, starred, verdict_mark
from reports.view import BASELINE, View
from suite.record.measurement import Measurement, Series

WORDS: dict[Series, str] = {
    "launch": "The host's time to enqueue one launch of what is bound already.",
    "call": "The host's time of what a user writes: from tensors to a new C, its allocation included. The cost of a "
    "bind is one of set-up, and stands with the first use.",
    "as_called": "Device and host together, as KernelBench times a candidate. One call at a time returns a new C, "
    "between two events, after the L2 was flushed by a write. What the flush left dirty is written back meanwhile, so "
    "no time here compares with the series cold.",
    "as_called_host": "The same calls by the host's clock, until the device is idle again.",
}
"""What the time of each series in which the host shows includes."""

ON_A_CPU = (
    "One call at a time returns a new C, after the cache was flushed by a write, by the host's clock. So KernelBench "
    "times a candidate on a GPU."
)
"""What as_called_host is where no other series of single calls is."""

BOUND_EACH_TIME = "The host's time to bind torch tensors and launch once."
"""What the series call was in older records."""

HEADS: dict[Series, str] = {"as_called": "One call at a time", "as_called_host": "One call at a time"}


def sections(view: View) -> Iterator[Section]:
    """A section per series of the host that was measured."""
    for series, words in WORDS.items():
        if series == "call" and not view.calls_are_fresh:
            words = BOUND_EACH_TIME
        if series == "as_called_host" and view.machine.kind == "cpu":
            words = ON_A_CPU
        if view.series(series):
            yield Section(
                f"{HEADS.get(series, 'Host time')}, series {series}", (words,), tables=(host_table(view, series),)
            )


def host_table(view: View, series: Series) -> Table:
    """Time per launch or call in µs: a row per backend, fastest first, a column per case.

    For single calls also how many times as fast as the plain product that is, which is what KernelBench says.
    """
    cases = view.cases(series)
    backends = (each for each in view.series(series) if each.role == "backend")
    names = dict.fromkeys(each.backend for each in sorted(backends, key=lambda m: m.ratio))
    remarks = view.remarks(names)
    rows = tuple(
        (starred(name, remarks), *(_cell(view, view.one(series, name, case.case)) for case in cases)) for name in names
    )
    unit = f"µs (speed / {BASELINE}'s)" if series in HEADS else "µs"
    heads = ("backend", *(f"{units.label(case)}, {unit}" for case in cases))
    return Table(heads, rows, note=footnotes(remarks, after=VERDICT_LEGEND))


def _cell(view: View, m: Measurement | None) -> str:
    if m is None:
        return units.ABSENT
    plain = view.one(m.series, BASELINE, m.case) if m.series in HEADS else None
    faster = f" ({plain.ratio / m.ratio:.2f})" if plain else ""
    return units.microseconds(m.median_s) + verdict_mark(m) + faster
