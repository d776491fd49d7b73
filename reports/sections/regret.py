"""What does following the answers cost, in cases that they do not rest on?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reports import units
from reports.answers.called import IN_SHORT
from reports.answers.regret import Judgement, Loss, Regret
from reports.document import Cell, Section, Table
from suite.cases import parse

HEADS = (
    "called", "cases answered", "mean", "95th percentile", "worst", "that is",
    "others called as fast", "worst of these", "that is",
)  # fmt: skip

REGRET = (
    "Regret is the time of the recommended backend over the fastest's, less 1, in every restart of the newest commit's "
    "runs."
)

HELD_OUT = "Asked in held-out runs, of shapes that no other sweep has."

NOT_YET = (
    "Not measured yet in shapes that no sweep has; until then leave-one-out: each measured case in turn is hidden, and "
    "answered from the others."
)


def section(found: Judgement, data_root: str) -> Section:
    """The regret on one device, with the held-out runs' files; `data_root`: the records as seen from the page."""
    links = tuple(Cell(run.file, href=f"{data_root}{run.file}") for run in found.runs)
    table = Table(HEADS, tuple(map(_row, found.regrets)))
    code = "" if found.runs else "tox -e bench -- --sweep held-out --publish"
    return Section("What following the answers costs", (REGRET, _by(found)), (), code, links, (table,))


def _by(found: Judgement) -> str:
    return HELD_OUT if found.runs else NOT_YET


def overview(judged: Iterable[Judgement]) -> Iterator[Section]:
    """The regret on every device in one table; nothing without a device."""
    every = tuple(judged)
    rows = tuple((IN_SHORT[r.called], each.device, *_numbers(r)) for each in every for r in each.regrets)
    by = [f"On the {', '.join(each.device for each in every if _by(each) == how)}: {how}" for how in map(_by, every)]
    table = Table((HEADS[0], "on an", *HEADS[1:5]), rows, text=2, note=" ".join((REGRET, *dict.fromkeys(by))))
    if rows:
        yield Section("What following the answers costs", tables=(table,))


def _numbers(each: Regret) -> tuple[str, ...]:
    answered = f"{each.cases - len(each.unanswered)} of {each.cases}"
    return answered, units.percent(each.mean, 2), units.percent(each.p95, 2), _most(each.worst)


def _row(each: Regret) -> tuple[str, ...]:
    tied = str(each.tied), _most(each.tied_worst), _where(each.tied_worst)
    return (IN_SHORT[each.called], *_numbers(each), _where(each.worst), *tied)


def _most(loss: Loss | None) -> str:
    return units.percent(loss.loss, 2) if loss else units.ABSENT


def _where(loss: Loss | None) -> str:
    return f"{loss.backend}, {units.label(parse(loss.case))}" if loss else units.ABSENT
