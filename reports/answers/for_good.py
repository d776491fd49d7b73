"""Choosing once, for every case: the fewest backends that are enough, the one if it must be one, and what that costs.

A backend counts in a case by its worst ratio there, over all runs and restarts: one lucky run earns nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from statistics import fmean
from typing import Any

from reports.answers.called import CALLS, WORDS, Called, Question, device_series
from reports.answers.draws import processes, rests_on
from reports.answers.evidence import Device, Run
from reports.answers.rule import decide
from reports.answers.words import evidence
from suite.cases import Layout, parse
from suite.text import percent

ENOUGH = 0.02
"""A set of backends is enough where one of them never takes more time than the fastest by more than this."""

BOUNDS = (0.01, 0.02, 0.05, 0.10, 0.50)
"""The losses by which `select` and the pages count cases."""

Ratios = Mapping[str, Mapping[str, float]]
"""Case -> backend -> its time over the fastest's, at worst over all runs and restarts."""


@dataclass(frozen=True)
class ForGood:
    """What is lost by choosing once for all measured cases of one way of calling on one device."""

    device: str
    called: Called
    ratios: Ratios
    enough: tuple[str, ...]  # the smallest set
    unsure: tuple[str, ...]  # cases in which no backend at all was within ENOUGH in every run: the best counts there
    only: str  # the backend to take if it must be one; empty where none was measured in every case
    runs: tuple[Run, ...]  # newest first

    def worst(self, backend: str) -> tuple[str, float]:
        """The case in which the backend loses most, and its ratio there."""
        found = {case: each[backend] for case, each in self.ratios.items() if backend in each}
        case = max(found, key=lambda name: (found[name], name))
        return case, found[case]

    @property
    def curves(self) -> dict[str, list[float]]:
        """Backend -> its ratio in every case, infinite where it has none; the best backends first."""
        return {name: [each.get(name, math.inf) for each in self.ratios.values()] for name in self.ranked}

    def within(self, backend: str, loss: float) -> float:
        """The share of cases in which the backend is within the loss; one without its number counts against it."""
        curve = self.curves[backend]
        return sum(ratio <= 1 + loss for ratio in curve) / len(curve)

    def as_data(self) -> dict[str, Any]:
        """All of it as JSON has it, with every backend's curve."""
        curves = {
            name: {
                "cases": sum(name in each for each in self.ratios.values()),
                "worst": dict(zip(("case", "ratio"), self.worst(name), strict=True)),
                "within": {str(bound): self.within(name, bound) for bound in BOUNDS},
            }
            for name in self.ranked
        }
        return asdict(self) | {"backends": curves}

    @property
    def ranked(self) -> list[str]:
        """All backends: those measured in most cases first, of these the smallest mean ratio first."""
        found: dict[str, list[float]] = {}
        for each in self.ratios.values():
            for name, ratio in each.items():
                found.setdefault(name, []).append(ratio)
        return sorted(found, key=lambda name: (-len(found[name]), fmean(found[name]), name))


def for_good(
    device: Device, called: Called, dtype: str | None = None, layout: Layout = "contiguous", calls: int = CALLS
) -> ForGood | None:
    """The choice for all measured cases of the layout, of one dtype or of all; None where none was measured."""
    every = map(parse, device.cells.get(device_series(called), {}))
    asked = [case for case in every if case.layout == layout and dtype in (None, case.dtype)]
    decided = {case.id: decide(device, Question(case, called, calls), unsteady={}) for case in asked}
    ratios = {
        case: {name: standing.worst for name, standing in each.standings.items()}
        for case, each in decided.items()
        if each.measured
    }
    if not ratios:
        return None
    unsure = tuple(case for case, each in ratios.items() if min(each.values()) > 1 + ENOUGH)
    questions = [Question(parse(case), called, calls) for case in ratios]
    numbers = {number for each in questions for number in rests_on(device, each, processes(device, each, [each.case]))}
    runs = tuple(device.runs[number] for number in sorted(numbers))
    return ForGood(device.name, called, ratios, _smallest(ratios), unsure, _only(ratios), runs)


def _smallest(ratios: Ratios) -> tuple[str, ...]:
    """The smallest set with a backend within ENOUGH, or the best there is, in every case; of several the fastest."""
    good = [_good(each) for each in ratios.values()]
    names = sorted(set().union(*good))
    for size in range(1, len(names) + 1):
        sets = [chosen for chosen in combinations(names, size) if all(not each.isdisjoint(chosen) for each in good)]
        if sets:
            return min(sets, key=lambda chosen: (_mean(ratios, chosen), chosen))
    raise AssertionError("all of them together are enough")


def _good(of_case: Mapping[str, float]) -> set[str]:
    limit = max(1 + ENOUGH, min(of_case.values()))
    return {name for name, ratio in of_case.items() if ratio <= limit}


def _mean(ratios: Ratios, chosen: tuple[str, ...]) -> float:
    """The mean ratio of who takes the best of the set in every case."""
    return fmean(min(each.get(name, math.inf) for name in chosen) for each in ratios.values())


def _only(ratios: Ratios) -> str:
    """The backend that loses least where it loses most, among those measured in every case."""
    everywhere = set.intersection(*(set(each) for each in ratios.values()))
    cost = {name: (max(r[name] for r in ratios.values()), _mean(ratios, (name,)), name) for name in everywhere}
    return min(cost, key=lambda name: cost[name], default="")


def lines(found: ForGood) -> Iterator[str]:
    """The choice for a terminal, in at most five lines."""
    count = f"{len(found.ratios)} measured case{'s' if len(found.ratios) > 1 else ''}"
    yield f"for good on {found.device}, {WORDS[found.called]}: {count}, each at its worst run"
    unsure = f"; in {len(found.unsure)} of them no backend holds that in every run, and the best counts"
    enough = f"within {percent(ENOUGH, 0)} of the fastest everywhere: {', '.join(found.enough)}"
    yield f"the fewest that together are {enough}{unsure if found.unsure else ''}"
    if not found.only:
        yield "if only one: none was measured in every case"
    for name in dict.fromkeys(filter(None, (found.only, found.ranked[0]))):
        which = "if only one" if name == found.only else "the smallest mean"
        case, ratio = found.worst(name)
        shares = ", ".join(f"{percent(found.within(name, bound), 0)} within {percent(bound, 0)}" for bound in BOUNDS)
        yield f"{which}: {name}, at worst {ratio:.2f} × the fastest ({case}); of the cases {shares}"
    yield f"evidence: {evidence(found.runs)}"
