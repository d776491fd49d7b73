"""What ends a run in the terminal: every backend's share of the ceiling in every case, and its single calls' times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from reports import units
from reports.device import device
from reports.marks import LEGEND, footnotes, share_cell, starred
from reports.sections import host
from reports.view import View, contenders, in_order, ranked
from suite.record.measurement import Measurement, Series
from suite.record.run import Record

CASES_ACROSS = 8
"""The most cases that stand side by side in a terminal; where there are more, each gets a line."""


def terminal_table(record: Record) -> RenderableType:
    """Shares of the ceiling, cold, or hot where only that was taken; below them the times of single calls."""
    view = View(record)
    series: tuple[Series, ...] = ("cold", "hot")
    shares = [_shares(view, each) for each in series if view.series(each)][:1]
    called = [_single_calls(view, each) for each in host.HEADS if view.series(each)]
    if not shares and not called:
        return Text("neither shares of a ceiling nor single calls were taken")
    return Group(*shares, *called)


def _shares(view: View, series: Series) -> RenderableType:
    """Share of the ceiling for a terminal: contenders down and cases across, turned round where cases are many."""
    measurements = view.series(series)
    said = view.remarks(ranked(measurements))
    many = len(view.cases(series)) > CASES_ACROSS
    title = Text(f"share of the ceiling in %, {series}, {device(view.machine)}")
    table = _Wide(measurements, said) if many else _side_by_side(measurements, said)
    return Group(title, table, Text(footnotes(said, after=LEGEND)))


def _single_calls(view: View, series: Series) -> RenderableType:
    """What a user's own call takes, one at a time, and how fast that is beside the plain product."""
    found = host.host_table(view, series)
    table = _columns(Table(), [_stacked(case) for case in view.cases(series)])
    for row in found.rows:
        table.add_row(*map(Text, row))
    unit = found.heads[-1].rpartition(", ")[2]
    return Group(Text(f"{host.HEADS[series]}, {series}, {unit}, {device(view.machine)}"), table, Text(found.note))


@dataclass(frozen=True)
class _Wide:
    """A line per case; several tables where the backends do not fit the terminal beside each other."""

    measurements: Sequence[Measurement]
    said: Mapping[str, str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        names, unbounded = ranked(self.measurements), options.update(width=10_000)
        for each in range(len(names), 0, -1):
            tables = [_case_by_case(self.measurements, part, self.said) for part in _parts(names, each)]
            if (
                each == 1
                or max(console.measure(table, options=unbounded).maximum for table in tables) <= options.max_width
            ):
                yield from tables
                return


def _parts(names: Sequence[str], number: int) -> list[Sequence[str]]:
    """The names in parts of so many, the last one of what is left."""
    return [names[start : start + number] for start in range(0, len(names), number)]


def _side_by_side(measurements: Sequence[Measurement], said: Mapping[str, str]) -> Table:
    """A line per contender, the ceilings and the A/A control with the backends."""
    cases = in_order(measurements)
    names = [*ranked(measurements), *contenders(measurements, ("ceiling", "control"))]
    cells = {(each.case, each.backend): _styled(each) for each in measurements}
    table = _columns(Table(), [_stacked(case) for case in cases])
    for name in names:
        table.add_row(Text(starred(name, said)), *(_cell(cells, case, name) for case in cases))
    return table


def _case_by_case(measurements: Sequence[Measurement], names: Sequence[str], said: Mapping[str, str]) -> Table:
    """A line per case, which names the better ceiling instead of a column each: 14 backends fit 160 characters."""
    cells = {(each.case, each.backend): _styled(each) for each in measurements}
    heads = [starred(name, said).replace("_", "_\n") for name in names]
    table = _columns(Table(box=box.SIMPLE_HEAD, padding=0), [*heads, "ceiling"])
    for case in in_order(measurements):
        ceiling = Text((case.ceiling or units.ABSENT).removeprefix("ceiling_"), style="dim")
        label = units.label(case).replace(" × ", "×").replace(f" {case.layout}", f"\n  {case.layout}")
        table.add_row(Text(label), *(_cell(cells, case, name) for name in names), ceiling)
    return table


def _stacked(case: Measurement) -> str:
    """A case's shape, dtype and layout below one another."""
    return units.label(case).replace(" × ", "×").replace(" ", "\n")


def _cell(cells: Mapping[tuple[str, str], Text], case: Measurement, name: str) -> Text:
    return cells.get((case.case, name), Text(units.ABSENT))


def _columns(table: Table, heads: Sequence[str]) -> Table:
    """The table with a first column of names, in one piece, and columns of numbers under these heads."""
    table.add_column(no_wrap=True)
    for head in heads:
        table.add_column(Text(head), justify="right")
    return table


def _styled(m: Measurement) -> Text:
    tied = m.role == "backend" and m.verdict != "SLOWER"
    return Text(share_cell(m), style="bold green" if tied else "dim" if m.role != "backend" else "")
