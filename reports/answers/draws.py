"""What one restart of one run gave: every backend's seconds per call, beside those it competed with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache, reduce
from operator import or_

from backends import CATALOGUE
from reports.answers.called import BOTH, Called, Question, Series, device_series, host_series, with_first
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
    of_draws = taken(device, device_series(question.called), measured)
    hosts = _hosts(device, question, {number for number, _ in of_draws})
    found = (
        (number, _totals(device, question, draw, scale, hosts.get(number))) for (number, _), draw in of_draws.items()
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


def extremes(device: Device, question: Question, measured: Case) -> Mapping[str, tuple[float, float]]:
    """Backend -> its worst and its best ratio in the draws; of a graph's launches they are the same at any size."""
    if host_series(question.called) is None:
        return _of_graphs(device, question.called, measured)
    return _extremes(draws(device, question, measured))


@lru_cache(maxsize=4096)
def _of_graphs(device: Device, called: Called, measured: Case) -> Mapping[str, tuple[float, float]]:
    return _extremes(draws(device, Question(measured, called), measured))


def _extremes(draws: Iterable[Draw]) -> Mapping[str, tuple[float, float]]:
    return {name: (max(each), min(each)) for name, each in ratios(draws).items()}


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


def _totals(device: Device, question: Question, times: Draw, scale: float, hosts: Mapping[str, float] | None) -> Draw:
    """Backend -> seconds per call, for those of which every part is known and that can be called in this way."""
    called, firsts = question.called, device.first_use_s
    if hosts is None:
        without = NOT_CAPTURABLE if called.startswith("graph") and device.kind == "cuda" else frozenset()
        totals = {name: each * scale for name, each in times.items() if name not in without}
    else:
        both = BOTH[called]
        totals = {name: both(hosts[name], each * scale) for name, each in times.items() if name in hosts}
    if called == "first-use":
        return {name: with_first(firsts[name], each, question.calls) for name, each in totals.items() if name in firsts}
    return totals


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


def _hosts(device: Device, question: Question, numbers: Iterable[int]) -> Mapping[int, Mapping[str, float]]:
    """Run -> backend -> what the host pays per call in it, or in the newest that took it; none where nothing."""
    series = host_series(question.called)
    if series is None or device.kind != "cuda":
        return {}
    case = host_case(device, question)
    return {number: _host_times(device, series, case, number)[1] for number in numbers}


def _host_run(device: Device, question: Question, number: int) -> int | None:
    """The run that holds the host's time for those of a run: itself, or the newest that took it."""
    return _host_times(device, host_series(question.called), host_case(device, question), number)[0]


@lru_cache(maxsize=4096)
def _host_times(
    device: Device, series: str | None, case: Case | None, number: int
) -> tuple[int | None, Mapping[str, float]]:
    """The run that holds the host's time in a case for those of a run, and that time by backend."""
    cells = device.cells.get(series, {}).get(case.id, {}) if series and case else {}
    taken = sorted({run for cell in cells.values() for run in cell.times})
    run = number if number in taken else next(iter(taken), None)
    return run, {name: max(cell.times[run]) for name, cell in cells.items() if run is not None and run in cell.times}


@lru_cache(maxsize=4096)
def host_case(device: Device, question: Question) -> Case | None:
    """The case whose host's time stands for the question's: itself, or one of its dtype and alignment, or any."""
    case, taken = question.case, map(parse, device.cells.get(host_series(question.called) or "", {}))
    return min(
        taken,
        key=lambda each: (each != case, each.dtype != case.dtype, aligned(each) != aligned(case), distance(each, case)),
        default=None,
    )
