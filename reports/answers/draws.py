"""What one restart of one run gave: every backend's seconds per call, beside those it competed with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache, reduce
from operator import or_

from backends import CATALOGUE
from reports.answers.called import Cost, Question, Series, device_series, host_series
from reports.answers.evidence import Cell, Device
from reports.answers.nearness import aligned, distance
from suite.cases import Case, parse

NOT_CAPTURABLE = frozenset(entry.name for entry in CATALOGUE if not entry.capturable)


Draw = Mapping[str, float]
"""Backend -> seconds per call, in one restart of one run."""


def draws(device: Device, question: Question, measured: Case) -> list[Draw]:
    """Seconds per call in each run and restart of a measured case, at the size that is asked for.

    The device's time is scaled to it by the bytes, the host's does not depend on it.
    """
    return [draw for _, draw in by_run(device, question, measured)]


def by_run(device: Device, question: Question, measured: Case) -> list[tuple[int, Draw]]:
    """The draws, each with the number of its run."""
    scale = device.bound_s(question.case) / device.bound_s(measured)
    found = (
        (number, dict(_totals(device, question, {name: each * scale for name, each in draw.items()}, number)))
        for (number, _), draw in taken(device, device_series(question.called), measured).items()
    )
    return [(number, draw) for number, draw in found if draw]


def ratios(draws: Iterable[Draw]) -> dict[str, list[float]]:
    """Backend -> its time over the fastest's, in each draw that has it."""
    found: dict[str, list[float]] = {}
    for draw in draws:
        fastest = min(draw.values())
        for name, seconds in draw.items():
            found.setdefault(name, []).append(seconds / fastest)
    return found


@lru_cache(maxsize=4096)
def taken(device: Device, series: Series, case: Case) -> Mapping[tuple[int, int], Draw]:
    """`restarts` of the case's cells in the series, worked out once."""
    return restarts(device.cells.get(series, {}).get(case.id, {}))


def restarts(cells: Mapping[str, Cell]) -> dict[tuple[int, int], Draw]:
    """(Run, restart) -> backend -> the device's seconds; a backend's last restart stands for one that it was not in."""
    found: dict[tuple[int, int], Draw] = {}
    for number in sorted({number for cell in cells.values() for number in cell.times}):
        times = {name: cell.times[number] for name, cell in cells.items() if number in cell.times}
        for restart in range(max(map(len, times.values()))):
            found[number, restart] = {name: each[min(restart, len(each) - 1)] for name, each in times.items()}
    return found


def _totals(device: Device, question: Question, times: Draw, number: int) -> Iterator[tuple[str, float]]:
    """Backend -> seconds per call, for those of which every part is known and that can be called in this way."""
    called, hosts = question.called, _hosts(device, question, number)
    for name, seconds in times.items():
        if called.startswith("graph") and device.kind == "cuda" and name in NOT_CAPTURABLE:
            continue
        if (hosts is not None and name not in hosts) or (called == "first-use" and name not in device.first_use_s):
            continue
        cost = Cost(seconds, hosts[name] if hosts else 0.0, device.first_use_s.get(name, 0.0))
        yield name, cost.total(called, question.calls)


def processes(device: Device, question: Question, cases: Iterable[Case]) -> Counter[int]:
    """Number of a run -> the fresh processes in which it timed the cases, the most of any."""
    series = device_series(question.called)
    return reduce(or_, (Counter(number for number, _ in taken(device, series, case)) for case in cases), Counter())


def rests_on(device: Device, question: Question, numbers: Iterable[int]) -> list[int]:
    """The numbers of the runs that hold all parts of the times of these: the host's and a first use's too."""
    timed = set(numbers)
    hosts = {run for number in timed if (run := _host_run(device, question, number)) is not None}
    firsts = device.first_use_runs if question.called == "first-use" else ()
    return sorted({*timed, *hosts, *firsts})


@lru_cache(maxsize=4096)
def _hosts(device: Device, question: Question, number: int) -> Mapping[str, float] | None:
    """Backend -> what the host pays per call in a run, or in the newest that took it; None where it pays nothing."""
    if host_series(question.called) is None or device.kind != "cuda":
        return None
    run = _host_run(device, question, number)
    cells = _host_cells(device, question)
    return {name: max(cell.times[run]) for name, cell in cells.items() if run is not None and run in cell.times}


def _host_run(device: Device, question: Question, number: int) -> int | None:
    """The run that holds the host's time for those of a run: itself, or the newest that took it."""
    taken = sorted({run for cell in _host_cells(device, question).values() for run in cell.times})
    return number if number in taken else next(iter(taken), None)


def _host_cells(device: Device, question: Question) -> Mapping[str, Cell]:
    series, case = host_series(question.called), host_case(device, question)
    return device.cells.get(series, {}).get(case.id, {}) if series and case else {}


@lru_cache(maxsize=4096)
def host_case(device: Device, question: Question) -> Case | None:
    """The case whose host's time stands for the question's: itself, or one of its dtype and alignment, or any."""
    case, taken = question.case, map(parse, device.cells.get(host_series(question.called) or "", {}))
    return min(
        taken,
        key=lambda each: (each != case, each.dtype != case.dtype, aligned(each) != aligned(case), distance(each, case)),
        default=None,
    )
