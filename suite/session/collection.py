"""Which cases, series, backends and contenders each test of `tox -e bench` is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from suite.cases import HEADLINE, HELD_OUT, SWEEPS, Case
from suite.measure.plan import CALLED
from suite.record.measurement import Series

if TYPE_CHECKING:
    from suite.session.bench import Bench

LAUNCH_CASE = Case(256, 256)
"""Where the series launch and call are taken: the device's part is nothing."""

SMALL_BYTES = 1_500_000
"""A case of up to so many is small enough for those series: half a microsecond of an H100's bandwidth."""

COSTED = (HEADLINE, Case(8192, 8192, "bfloat16"))
"""The cases that first use, energy and the other timers are taken at, with the largest of the sweep."""

Names = tuple[str, ...]


def parameters(test: str, bench: Bench, cases: Sequence[Case]) -> tuple[Names, list[Names]]:
    """The names of a test's parameters, and their values."""
    if test == "test_correctness":
        names = [entry.name for entry in bench.participants.entries]
        return ("case", "backend"), [(case.id, name) for case in cases for name in names]
    if test == "test_throughput":
        return ("case", "series", "contender"), campaigns(bench, cases, ("cold", "hot"))
    if test == "test_launch":
        return ("case", "series", "contender"), campaigns(bench, hosted(cases), ("launch", "call"))
    if test == "test_as_called":
        series = CALLED if bench.machine.kind == "cuda" else tuple(each for each in CALLED if each != "as_called")
        return ("case", "series", "contender"), campaigns(bench, called(cases), series)
    sample = costed(cases) if test == "test_other_timers_and_energy" else costed(cases)[:1]
    names = [entry.name for entry in bench.participants.available]
    return ("case", "backend"), [(case.id, name) for case in sample for name in names]


def campaigns(bench: Bench, cases: Sequence[Case], all_series: tuple[Series, ...]) -> list[Names]:
    """Every contender of every campaign."""
    return [(case.id, series, name) for case in cases for series in all_series for name in bench.contenders(series)]


def hosted(cases: Sequence[Case]) -> list[Case]:
    """Where the host's time is taken: at LAUNCH_CASE, or at a held-out sweep's own small cases.

    One for each dtype, and for rows on and off 16-byte boundaries.
    """
    small: dict[tuple[str, bool], Case] = {}
    held_out = {case for name in HELD_OUT for case in SWEEPS[name]}
    for case in cases:
        if case in held_out and case.bytes_moved <= SMALL_BYTES:
            small.setdefault((case.dtype, case.cols * case.itemsize % 16 == 0), case)
    return list(small.values()) or [LAUNCH_CASE]


def called(cases: Sequence[Case]) -> list[Case]:
    """Where single calls are timed: at LAUNCH_CASE, and at those of the headline's shape and layout."""
    return [LAUNCH_CASE, *(case for case in cases if replace(case, dtype=HEADLINE.dtype) == HEADLINE)]


def costed(cases: Sequence[Case]) -> list[Case]:
    """The few cases that the other costs are asked of: those of COSTED, the headline first, and the largest."""
    sample = [*(case for case in COSTED if case in cases), max(cases, key=lambda case: case.bytes_moved)]
    return list(dict.fromkeys(sample))
