"""How the tuned kernel stands on shapes outside the sweep by which the rule that chooses its form was made.

Asked of runs of the held-out sweeps: its time over the best other backend's, in every case, cold and hot.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports import units
from reports.view import TUNED, View
from suite.record.measurement import Measurement, Series

KERNEL = TUNED[0]
"""The drop-in file, whose rule is tested."""

SERIES: tuple[Series, ...] = ("cold", "hot")

ASKED = {0.01: 0.99, 0.02: 1.0}
"""Within so much of the best other backend, in such a share of the cells."""


@dataclass(frozen=True)
class Cell:
    """The kernel in one case and series, and the fastest other backend there."""

    own: Measurement
    best: Measurement

    @property
    def ratio(self) -> float:
        """Time of the kernel / time of the best other; under 1 where the kernel is faster."""
        return self.own.ratio / self.best.ratio

    @property
    def interval(self) -> tuple[float, float] | None:
        """The ratio's; None where the campaign compared with another than the best, which was timed apart."""
        return self.own.ratio_ci99 if self.best.backend == self.own.reference else None


@dataclass(frozen=True)
class Tested:
    """All cells, and those in which the kernel has no number though another backend has."""

    cells: tuple[Cell, ...]
    missing: tuple[Measurement, ...]  # of the fastest other

    def beyond(self, bound: float) -> list[Cell]:
        """The cells in which another backend is faster by more than the bound, the farthest behind first."""
        return sorted((each for each in self.cells if each.ratio > 1 + bound), key=lambda each: -each.ratio)


def of_runs(views: Sequence[View]) -> Tested:
    """What held-out runs of one device, newest first, say: each case and series by the newest run that has it."""
    found: dict[tuple[str, str], Cell | Measurement] = {}
    for view in views:
        for series in SERIES:
            for case in view.cases(series):
                backends = [each for each in view.campaign(series, case.case).values() if each.role == "backend"]
                others = [each for each in backends if each.backend != KERNEL]
                if others:
                    best = min(others, key=lambda each: each.ratio)
                    own = next((each for each in backends if each.backend == KERNEL), None)
                    found.setdefault((series, case.case), Cell(own, best) if own else best)
    cells = tuple(each for each in found.values() if isinstance(each, Cell))
    return Tested(cells, tuple(each for each in found.values() if isinstance(each, Measurement)))


def groups(found: Tested) -> Iterator[tuple[str, str, list[Cell]]]:
    """Series, dtype and their cells; each series in all dtypes after its own."""
    for series in SERIES:
        of_series = [each for each in found.cells if each.own.series == series]
        dtypes = dict.fromkeys(each.own.dtype for each in of_series)
        for dtype in dtypes:
            yield series, dtype, [each for each in of_series if each.own.dtype == dtype]
        if len(dtypes) > 1:
            yield series, "all", of_series


def lines(found: Tested) -> Iterator[str]:
    """For a terminal: a line for each series and dtype, and one for each cell beyond the closest bound."""
    for series, dtype, cells in groups(found):
        worst = max(cells, key=lambda each: each.ratio)
        shares = ", ".join(f"within {100 * bound:.0f} % in {share(cells, bound)}" for bound in ASKED)
        yield f"  {KERNEL} {series} {dtype}: {len(cells)} cells, {shares}, worst {said(worst)}"
    for each in found.beyond(min(ASKED)):
        yield f"    {each.own.series} {said(each)}; its form: {each.own.form or units.ABSENT}"
    for missing in found.missing:
        yield f"    {missing.series} {missing.case}: no number of {KERNEL}"


def share(cells: Sequence[Cell], bound: float) -> str:
    """In which share of the cells no other backend is faster by more than the bound."""
    return units.percent(sum(each.ratio <= 1 + bound for each in cells) / len(cells))


def said(cell: Cell) -> str:
    """The ratio, the best other backend and the case."""
    return f"{cell.ratio:.3f} of {cell.best.backend}'s time at {cell.own.case}"
