"""Is a GPU as fast while the others of its host measure too as it is alone? A section of the page on their spread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports import units
from reports.answers.change import Change, changes
from reports.document import Section, Table, filled
from reports.view import View
from suite.cases import parse

Alone = Mapping[int, View]
"""Rank -> the run of the same GPU alone."""


@dataclass(frozen=True)
class Row:
    """One backend in one DRAM-bound cold case, on one GPU at once with the others against the same one alone."""

    rank: int
    change: Change
    copy: float  # the time of the best copy, at once / alone


def alone(group: Sequence[View], runs: Sequence[View]) -> dict[int, View]:
    """The newest run of each GPU of the group that it took alone, at the same commit; `runs` stand newest first."""
    found: dict[int, View] = {}
    for run in group:
        if run.run.group is None or run.machine.gpu is None:
            continue
        card = (run.machine.gpu, run.machine.commit)
        own = (each for each in runs if each.run.group is None and (each.machine.gpu, each.machine.commit) == card)
        first = next(own, None)
        if first:
            found[run.run.group.rank] = first
    return found


def sections(group: Sequence[View], runs: Sequence[View]) -> Iterator[Section]:
    """The section, where GPUs of the group were measured alone too."""
    rows = list(_rows(group, alone(group, runs)))
    if rows:
        yield Section("At once with the others, and alone", _reading(rows), tables=filled(table(rows)))


def _rows(group: Sequence[View], by_rank: Alone) -> Iterator[Row]:
    for run in group:
        rank = run.run.group.rank if run.run.group else 0
        if rank not in by_rank:
            continue
        before = by_rank[rank]
        for change in changes(before.record, run.record)[0]:
            m = change.new.measurement
            if (m.series, m.regime) == ("cold", "DRAM-bound"):
                copies = [each.one("cold", change.ceiling, m.case) for each in (run, before)]
                at_once, own = (copy.median_s for copy in copies if copy is not None)
                yield Row(rank, change, at_once / own)


def _reading(rows: Sequence[Row]) -> tuple[str, ...]:
    ratios = [row.change.ratio for row in rows]
    agree = sum(ratio.low <= 1 <= ratio.high for ratio in ratios)
    worst = max(rows, key=lambda row: abs(row.change.ratio.value - 1))
    what = worst.change.new.measurement
    copy = max((row.copy for row in rows), key=lambda value: abs(value - 1))
    return (
        f"{agree} of {len(rows)} intervals hold 1. Beside the best copy, a backend's time differs by at most "
        f"{100 * (worst.change.ratio.value - 1):+.2f} % ({what.backend}, {units.label(parse(what.case))}, rank "
        f"{worst.rank}); the copy's own time by at most {100 * (copy - 1):+.2f} %.",
        "The interval is of two runs: rounds, restarts, and how far copies move against each other from run to run. A "
        "run's A/A control is too narrow a measure of that, since its two contenders share a process.",
    )


def table(rows: Sequence[Row]) -> Table:
    """A row per backend, case and GPU."""
    heads = (
        "case", "backend", "rank", "of the ceiling, alone", "at once", "time at once / alone [99 %, of two runs]",
        "A/A control, alone", "best copy's time, at once / alone",
    )  # fmt: skip
    return Table(heads, tuple(map(_cells, rows)), text=3)


def _cells(row: Row) -> tuple[str, ...]:
    old, new = row.change.old.measurement, row.change.new.measurement
    known = old.control_ratio is not None and old.control_ci99 is not None
    return (
        units.label(parse(new.case)),
        new.backend,
        str(row.rank),
        units.percent(old.of_ceiling),
        units.percent(new.of_ceiling),
        units.ratio(row.change.ratio.value, row.change.ratio.interval),
        units.ratio(old.control_ratio, old.control_ci99) if known else units.ABSENT,  # type: ignore[arg-type]
        f"{row.copy:.3f}",
    )
