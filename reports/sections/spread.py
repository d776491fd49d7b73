"""How far apart are GPUs of one model? A page for the runs that one command took on several of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Protocol, TypeVar

from reports import units
from reports.device import device, whose
from reports.document import Page, Section, Table, filled, said
from reports.sections import at_once
from reports.view import View
from suite.cases import parse
from suite.record.group import Group as Together
from suite.record.machine import Machine
from suite.record.measurement import Measurement
from suite.statistics import Ratio, across

MODEL = "99 %, of GPUs of this model"
"""What an interval over GPUs is: rounds, restarts and GPUs, all three."""

Group = Sequence[View]
"""The runs of one command on one device model, by rank; two or more."""


class _Grouped(Protocol):
    """A run, or what is left of it in memory."""

    @property
    def machine(self) -> Machine: ...
    @property
    def group(self) -> Together | None: ...
    @property
    def sweep(self) -> str: ...


Run = TypeVar("Run", bound=_Grouped)


def groups(runs: Sequence[Run]) -> list[Sequence[Run]]:
    """The groups of two or more among one device's runs, the newest first."""
    found: dict[object, list[Run]] = {}
    for run in runs:
        if run.group is not None:
            found.setdefault((run.group.utc, run.sweep, run.machine.commit), []).append(run)
    whole = (sorted(group, key=_rank) for group in found.values() if len(group) > 1)
    return sorted(whole, key=lambda group: stem(group), reverse=True)


def stem(group: Sequence[_Grouped]) -> str:
    """The name of the group's page, without its ending."""
    first = group[0].group
    assert first is not None
    return f"spread-{first.utc:%Y%m%dT%H%M%SZ}-{group[0].machine.commit[:8]}"


def page(group: Group, source: str, runs: Sequence[View]) -> Page:
    """The page of one group; `source` is the path from the page to the folder of its runs.

    runs: all of the device's, newest first; those of the same GPUs alone stand beside the group's.
    """
    first = group[0]
    sections = (
        Section("What this is", _what(group), tables=(runs_table(group),)),
        Section("The spread, DRAM-bound and cold", _reading(group), tables=filled(spread_table(group))),
        *at_once.sections(group, runs),
        Section("How to reproduce it", code=f"git checkout {first.machine.commit}\n{first.run.command}"),
    )
    return Page(f"{len(group)} × {first.machine.name}, {first.record.utc:%Y-%m-%d}", stem(group), source, sections)


def _what(group: Group) -> tuple[str, ...]:
    size = group[0].run.group.size if group[0].run.group else len(group)
    missing = f" {size - len(group)} of the {size} runs of this command are not here." if size > len(group) else ""
    return said(
        f"One command measured on {len(group)} GPUs of one model at the same time, {device(group[0].machine)}. Each "
        "had a process, a record and restarts of its own. Host series were taken by one GPU of a host at a "
        f"time.{missing}",
        whose(group[0].machine),
    )


def _reading(group: Group) -> tuple[str, ...]:
    spreads = [row for row in _rows(group) if row.role == "backend"]
    if not spreads:
        return ("No DRAM-bound case was measured on all of them.",)
    worst = max(spreads, key=lambda row: row.time)
    small = (
        f"With {len(group)} GPUs Student's factor is so large that the interval says little; more GPUs narrow it fast. "
        if len(group) < 4
        else ""
    )
    return (
        f"Spread is the largest of the GPUs' values / the smallest, less 1. At most a backend's time differs by "
        f"{_points(worst.time)} ({worst.backend}, {units.label(parse(worst.case))}). A GPU's own noise is the A/A "
        "control: one contender timed against itself.",
        f"The share's interval has three levels: rounds within restarts, restarts, GPUs. {small}".strip(),
    )


def runs_table(group: Group) -> Table:
    """A row per GPU: where it was and what it gave at the headline case."""
    heads = ("rank", "host", "GPU", "run", "fastest backend", "its bandwidth, GB/s", "best copy, GB/s")
    return Table(heads, tuple(_run_row(run) for run in group), text=5)


def _run_row(run: View) -> tuple[str, ...]:
    group = run.run.group
    assert group is not None
    fastest = next((m for m in run.headline if m.role == "backend"), None)
    copy = max((m.bandwidth_bytes_per_s for m in run.headline if m.role == "ceiling"), default=None)
    place = (str(group.rank), group.host, group.place, run.stem)
    if fastest is None:
        return (*place, *[units.ABSENT] * 3)
    own = units.gigabytes_per_s(fastest.bandwidth_bytes_per_s)
    return (*place, fastest.backend, own, units.gigabytes_per_s(copy))


def spread_table(group: Group) -> Table:
    """A row per contender and DRAM-bound cold case that every GPU measured."""
    heads = (
        "case", "contender", *(f"rank {_rank(run)}, GB/s" for run in group), "spread of time", "spread of share",
        "A/A control, at most", f"share of the ceiling [{MODEL}]",
    )  # fmt: skip
    rows = tuple(
        (
            units.label(parse(row.case)), row.backend,
            *(units.gigabytes_per_s(m.bandwidth_bytes_per_s) for m in row.of_each), _points(row.time),
            _points(row.share), _points(row.control), _share(row.mean),
        )
        for row in _rows(group)
    )  # fmt: skip
    return Table(heads, rows, text=2)


class Row:
    """One contender in one case, on every GPU of the group."""

    def __init__(self, of_each: Sequence[Measurement]) -> None:
        self.of_each = of_each
        self.case, self.backend, self.role = of_each[0].case, of_each[0].backend, of_each[0].role
        self.time = spread([m.median_s for m in of_each])
        shares = [m.of_ceiling for m in of_each if m.of_ceiling]
        self.share = spread(shares)
        self.control = max((abs(m.control_ratio - 1) for m in of_each if m.control_ratio), default=0.0)
        ratios = [Ratio(m.of_ceiling, *m.of_ceiling_ci99) for m in of_each if m.of_ceiling and m.of_ceiling_ci99]
        self.mean = across(ratios) if len(ratios) == len(of_each) else None


def _rows(group: Group) -> Iterator[Row]:
    for case in group[0].cases("cold"):
        if case.regime == "DRAM-bound":
            for name in group[0].campaign("cold", case.case):
                found = [run.one("cold", name, case.case) for run in group]
                of_each = [m for m in found if m is not None]
                if len(of_each) == len(group):
                    yield Row(of_each)


def spread(values: Sequence[float]) -> float:
    """The largest ratio between two of the values, less 1; 0 of fewer than two."""
    return max((max(pair) / min(pair) - 1 for pair in combinations(values, 2)), default=0.0)


def _points(part: float) -> str:
    return f"{100 * part:.2f} %"


def _share(mean: Ratio | None) -> str:
    return units.percent_interval(mean.value, mean.interval) if mean else units.ABSENT


def _rank(run: _Grouped) -> int:
    return run.group.rank if run.group else 0
