"""Does the rule that chooses the tuned kernel's form hold on shapes that it was not made by?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reports import units
from reports.answers.outside import ASKED, KERNEL, Cell, Tested, groups, of_runs, share
from reports.document import Cell as Text
from reports.document import Section, Table, filled, loss_level, said
from reports.view import View
from suite.cases import HELD_OUT

TITLE = "The tuned Triton kernel on shapes outside the sweep"

COMMAND = "\n".join(f"tox -e bench -- --sweep {name} --publish" for name in HELD_OUT)

WHAT = (
    f"{KERNEL} chooses its form by a rule over shape, strides and dtype. The rule is tested on 60 shapes that no other "
    "sweep has: small, cached and streamed, rows on and off 16-byte boundaries, wide and tall. Each held-out sweep has "
    "each shape in one dtype, all three in three."
)


def section(views: Sequence[View], data_root: str) -> Section:
    """From a device's held-out runs, newest first; without any, the commands that make them."""
    found = of_runs(views)
    if not found.cells and not found.missing:
        return Section(TITLE, (WHAT, "Not measured yet on this device."), code=COMMAND)
    links = tuple(
        Text(
            f"{view.run.sweep}, {view.record.utc:%Y-%m-%d %H:%M} UTC",
            href=f"{data_root}{view.machine.slug}/{view.file}",
        )
        for view in views
    )
    tables = filled(_summary(found), _beyond(found))
    return Section(TITLE, said(WHAT, _verdict(found), _missing(found), _left(found)), links=links, tables=tables)


def _verdict(found: Tested) -> str:
    if not found.cells:
        return ""
    asked = ", ".join(
        f"within {units.percent(bound, 0)} of the best other backend in {units.percent(wanted, 0)}"
        for bound, wanted in ASKED.items()
    )
    holds = all(len(found.beyond(bound)) <= (1 - wanted) * len(found.cells) for bound, wanted in ASKED.items())
    return f"Asked of the cells is: {asked}. That {'holds' if holds else 'does not hold'}."


def _missing(found: Tested) -> str:
    where = ", ".join(f"{each.case} {each.series}" for each in found.missing)
    return f"It got to no number, where another backend did, in: {where}." if where else ""


def _left(found: Tested) -> str:
    """What of the three dtypes no run holds yet."""
    dtypes = {(each.own.rows, each.own.cols, each.own.dtype) for each in found.cells}
    shapes = {shape[:2] for shape in dtypes}
    if len(dtypes) >= len(HELD_OUT) * len(shapes):
        return ""
    return f"So far these are {len(dtypes)} of {len(HELD_OUT) * len(shapes)} shapes and dtypes."


def _summary(found: Tested) -> Table:
    heads = ("series", "dtype", "cells", *(f"within {100 * bound:.0f} %" for bound in ASKED), "worst", "that is")
    return Table(heads, tuple(_row(*each) for each in groups(found)), text=2)


def _row(series: str, dtype: str, cells: Sequence[Cell]) -> tuple[str, ...]:
    worst = max(cells, key=lambda each: each.ratio)
    shares = (share(cells, bound) for bound in ASKED)
    where = f"{units.label(worst.own)}, against {worst.best.backend}"
    return series, dtype, str(len(cells)), *shares, Text(f"{worst.ratio:.3f}", level=loss_level(worst.ratio)), where


def _beyond(found: Tested) -> Table:
    """Every cell beyond the closest bound, with the form that the rule chose."""
    heads = ("case", "series", "regime", f"form of {KERNEL}", "best other", "its form", "time / its time [99 %]")
    note = "Other backends faster by more than 1 %. An interval is given where both were timed in the same rounds."
    return Table(heads, tuple(_rows(found.beyond(min(ASKED)))), text=6, prose=True, note=note)


def _rows(cells: Iterable[Cell]) -> Iterator[tuple[str, ...]]:
    for each in cells:
        own, best = each.own, each.best
        ratio = units.ratio(each.ratio, each.interval) if each.interval else f"{each.ratio:.3f}"
        forms = (own.form or units.ABSENT, best.backend, best.form or units.ABSENT)
        yield units.label(own), own.series, own.regime, *forms, ratio
