"""The rule by which a backend is chosen, and the only one: `select`, selection.json and the pages all ask it.

In a measured case the backend with the smallest worst ratio wins: its time over the fastest's, at its worst over all
runs and restarts. One whose runs differ in another case wins only by more than 1 %.

In any other case several measured ones around it decide. A backend that did badly in one of them, or that was not
steady anywhere, is out. The one left whose worst ratios are smallest wins, near cases counting more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from reports import units
from reports.answers.answer import TUNES
from reports.answers.called import Question, Series, device_series, host_series
from reports.answers.draws import Draw, extremes, ratios, taken
from reports.answers.evidence import Device
from reports.answers.nearness import class_of, distance, neighbours, rows
from suite.cases import Case, parse

Drawn = Mapping[Case, Mapping[str, tuple[float, float]]]
"""Case -> backend -> its worst and its best ratio there."""

FEWEST_NEIGHBOURS = 2

STEADY = 1.05
"""A backend whose ratio in one case differs by more between two runs or restarts may tune itself to something else
elsewhere. So it is no choice for a case that was not measured. torch.compile did, by up to 1.6 times."""

HELD = 0.02
"""A backend is out whose worst ratio among the neighbours exceeds the best such by more."""

BOUND = 0.04
"""A backend is recommended for a case that was not measured only if it was never slower than this in a neighbour.
Else it has to be measured. On an H200 the host's part of a call differs so much from run to run that the least bad
backend was 11 % too slow."""

TIED = 0.01
"""Tied is what was never slower than the fastest by more than this, in any run or neighbour. Fewer than
FEWEST_NEIGHBOURS of the question's own class are not enough to say so."""


@dataclass(frozen=True)
class Standing:
    """One backend's ratios over all runs and restarts that were looked at: time over the fastest's."""

    worst: float
    best: float
    worst_in: Mapping[str, float]  # case -> its worst ratio there


@dataclass(frozen=True)
class Decision:
    """What the rule makes of a question; `backend` is empty where it cannot say, and `why_not` tells why."""

    backend: str
    measured: bool
    cases: tuple[str, ...]  # the measured ones that decided, nearest first
    across: bool  # some of them are of another class
    standings: Mapping[str, Standing]
    unsteady: Mapping[str, float]  # backend -> how far its ratio in one case differed between runs
    tied: tuple[str, ...] = ()  # others that were never slower by more than TIED, best first
    why_not: str = ""


def decide(
    device: Device,
    question: Question,
    cases: Iterable[Case] | None = None,
    unsteady: Mapping[str, float] | None = None,
) -> Decision:
    """The backend for the question on the device; `cases`: those that may be looked at, all measured ones for None.

    unsteady: what `unsteady_in` gives, for who asks many questions of one dtype.
    """
    if cases is None and unsteady is None:
        return _of_all(device, question)
    known = _measured(device, question) if cases is None else list(cases)
    return _decide(device, question, known, unsteady_in(device, question, known) if unsteady is None else unsteady)


@lru_cache(maxsize=4096)
def _of_all(device: Device, question: Question) -> Decision:
    """The decision that pages, answers and tables ask for again and again."""
    known = _measured(device, question)
    return _decide(device, question, known, unsteady_in(device, question, known))


def _measured(device: Device, question: Question) -> list[Case]:
    return list(map(parse, device.cells.get(device_series(question.called), {})))


def _decide(device: Device, question: Question, known: list[Case], unsteady: Mapping[str, float]) -> Decision:
    own = extremes(device, question, question.case) if question.case in known else {}
    if own:
        return _decision(device, question, {question.case: own}, unsteady)
    drawn = {each: extremes(device, question, each) for each in neighbours(device, question.case, known)}
    drawn = {each: own for each, own in drawn.items() if own}
    found = list(drawn)
    why_not = _why_not(device, question, found)
    if why_not:
        return Decision("", False, tuple(each.id for each in found[:1]), False, {}, unsteady, why_not=why_not)
    return _decision(device, question, drawn, unsteady)


def _why_not(device: Device, question: Question, found: list[Case]) -> str:
    case, host = question.case, host_series(question.called)
    if not case.rows * case.cols:
        return "it holds no element"
    if case.bytes_moved > device.memory_bytes:
        return f"its {units.binary(case.bytes_moved)} do not fit the device's {units.binary(device.memory_bytes)}"
    if host and device.kind == "cuda" and not device.cells.get(host):
        return f"no run holds the series {host}"
    if len(found) < FEWEST_NEIGHBOURS:
        return f"{len(found) or 'no'} case of {case.dtype} {case.layout} was measured, too few to go by"
    if not any(rows(each) == rows(case) for each in found):
        return f"no {case.dtype} case with rows {rows(case)} was measured"
    return ""


def _decision(device: Device, question: Question, drawn: Drawn, unsteady: Mapping[str, float]) -> Decision:
    found, standings = list(drawn), _standings(drawn)
    measured = found == [question.case]
    steady = {name: each for name, each in standings.items() if name not in unsteady}
    may = standings if measured and not _as_good(steady, standings) else steady
    holding = min((each.worst for each in may.values()), default=0.0) + HELD
    scores = {name: _score(question.case, found, each.worst_in) for name, each in may.items() if each.worst <= holding}
    order = sorted(scores, key=lambda name: (scores[name], may[name].best, name))
    others = sorted((n for n, each in steady.items() if each.worst <= 1 + TIED), key=lambda n: (steady[n].worst, n))
    chosen = order[0] if order and (measured or may[order[0]].worst <= 1 + BOUND) else ""
    alike = sum(class_of(device, each) == class_of(device, question.case) for each in found)
    told = alike == len(found) or alike >= FEWEST_NEIGHBOURS
    return Decision(
        backend=chosen,
        measured=measured,
        cases=tuple(each.id for each in found),
        across=alike < len(found),
        standings=standings,
        unsteady=unsteady,
        tied=tuple(name for name in others if chosen and told and name != chosen),
        why_not="" if chosen else _why_none(order, may),
    )


def _why_none(order: list[str], may: Mapping[str, Standing]) -> str:
    if not order:
        return "no backend was steady in every case around it"
    case, worst = max(may[order[0]].worst_in.items(), key=lambda each: each[1])
    return f"the least bad, {order[0]}, was at worst {worst:.2f} × the fastest at {case.split('-')[0]}"


def _as_good(steady: Mapping[str, Standing], every: Mapping[str, Standing]) -> bool:
    """Whether a steady backend is within TIED of the best of all: then no luck of a tuner need be trusted."""
    least = min((each.worst for each in every.values()), default=0.0)
    return any(each.worst <= least + TIED for each in steady.values())


def _score(case: Case, found: Iterable[Case], worst_in: Mapping[str, float]) -> float:
    """The mean of the worst ratios, each case by its nearness."""
    weights = {each.id: 1 / (0.5 + distance(each, case)) for each in found}
    return sum(weights[name] * worst for name, worst in worst_in.items()) / sum(weights.values())


def _standings(drawn: Drawn) -> dict[str, Standing]:
    """Every backend that was measured in all of these cases."""
    names = set.intersection(*map(set, drawn.values()))
    return {
        name: Standing(
            max(each[name][0] for each in drawn.values()),
            min(each[name][1] for each in drawn.values()),
            {case.id: each[name][0] for case, each in drawn.items()},
        )
        for name in sorted(names)
    }


def unsteady_in(device: Device, question: Question, known: Iterable[Case]) -> dict[str, float]:
    """Backend -> how far its device time differed between draws of one commit in one case, for those beyond STEADY.

    For one that tunes itself, of any commit: on an H200 torch.compile's luck of 1.5 times lay between two commits of
    one process each. Both its seconds and its ratio must differ: else it was the device, or the fastest. Cases of any
    dtype as wide tell, for a tuner's luck is the same. Launch-bound ones do not: a launch's own noise is larger than
    what a tuner picks.
    """
    widest: dict[str, float] = {}
    for case in known:
        alike = (case.itemsize, case.layout) == (question.case.itemsize, question.case.layout)
        if alike and device.regime(case) != "launch-bound":
            for name, spread in _spreads(device, device_series(question.called), case).items():
                widest[name] = max(widest.get(name, 1.0), spread)
    return {name: spread for name, spread in widest.items() if spread > STEADY}


@lru_cache(maxsize=4096)
def _spreads(device: Device, series: Series, case: Case) -> Mapping[str, float]:
    """Backend -> how far its draws of one commit lie apart at most; those of all commits if it tunes."""
    widest: dict[str, float] = {}
    draws, of_commit = taken(device, series, case), dict[str, list[Draw]]()
    for (number, _), draw in draws.items():
        of_commit.setdefault(device.runs[number].commit, []).append(draw)
    every = list(draws.values())
    for same in (*of_commit.values(), every):
        for name, each in ratios(same).items():
            if same is not every or name in TUNES:
                seconds = [draw[name] for draw in same if name in draw]
                spread = min(max(each) / min(each), max(seconds) / min(seconds))
                widest[name] = max(widest.get(name, 1.0), spread)
    return widest
