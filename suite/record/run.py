"""One run of the suite: what diagbench adds to pytest-benchmark's JSON.

A run is pytest-benchmark's own file. `benchmarks[i].extra_info` holds a Measurement, `machine_info.diagbench` a
Machine, and the top-level key `diagbench` a Run with what never got to a number. Units are in the names.
"""

from __future__ import annotations

from collections import Counter
from itertools import accumulate, pairwise
from typing import Literal

from pydantic import Field, model_validator

from suite.record.compiled import Compiled
from suite.record.group import Group
from suite.record.machine import Machine, State
from suite.record.measurement import Measurement, Outcome, Series
from suite.record.typed import Count, Moment, Positive, Seconds, Typed


class Agreement(Typed):
    """The same launches by another timer: what the campaign's number is worth. Seconds per launch, medians."""

    backend: str
    case: str
    series: Series
    timer: Literal["cupti", "cuda_events"]
    seconds: Seconds
    campaign_seconds: Seconds
    profiled_events_seconds: Seconds | None = None  # by events around what CUPTI watched, as a whole

    @property
    def ratio(self) -> float:
        """The other timer's time / the campaign's."""
        return self.seconds / self.campaign_seconds

    @property
    def of_same_launches(self) -> float | None:
        """CUPTI's time / that of events around the same launches, where they were taken."""
        return self.seconds / self.profiled_events_seconds if self.profiled_events_seconds else None

    @property
    def changed(self) -> float | None:
        """What being watched makes of the launches: their time by events / the campaign's."""
        return self.profiled_events_seconds / self.campaign_seconds if self.profiled_events_seconds else None


class FirstUse(Typed):
    """What the first product costs in a fresh process, in seconds, once; and again with the compilers' caches warm."""

    backend: str
    case: str
    import_s: float
    bind_s: float  # compile, tune and load, all caches cold
    launch_s: float  # the first launch, to its end
    warm_bind_s: float  # bind in a second fresh process, caches warm: what of bind_s is no compilation


class Energy(Typed):
    """Energy per launch, from the device's total energy counter over a batch of launches."""

    backend: str
    case: str
    joules_per_launch: Positive
    launches: Count
    seconds: Seconds


class Run(Typed):
    """The top-level key `diagbench` of a run's file."""

    schema_version: Literal[1] = 1
    sweep: str
    command: str  # what to type to repeat it
    seconds_measuring: float = 0.0
    outcomes: tuple[Outcome, ...] = ()
    compiled: tuple[Compiled, ...] = ()
    states: tuple[State, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    first_uses: tuple[FirstUse, ...] = ()
    energies: tuple[Energy, ...] = ()
    tunes: tuple[str, ...] | None = None  # the backends that chose among forms by timing them; None in older records
    caveats: dict[str, str] = Field(default_factory=dict)  # backend -> what a reader of its numbers must know, one line
    group: Group | None = None  # the runs on other GPUs that were taken at the same time; None: it was alone


class Benchmark(Typed):
    """A Measurement with its samples, one per round, in the order they were taken."""

    fullname: str
    measurement: Measurement
    samples_s: tuple[Seconds, ...]  # none where the run was saved without its data

    @property
    def by_restart(self) -> list[tuple[float, ...]]:
        """The samples of each restart; of the one process in a record without restarts."""
        rounds = [restart.rounds for restart in self.measurement.restarts] or [len(self.samples_s)]
        return [self.samples_s[start:end] for start, end in pairwise((0, *accumulate(rounds)))]

    @model_validator(mode="after")
    def _a_sample_per_round(self) -> Benchmark:
        if len(self.samples_s) not in (0, self.measurement.rounds):
            raise ValueError(f"{len(self.samples_s)} samples of {self.measurement.rounds} rounds")
        return self


class Record(Typed):
    """One whole run."""

    path: str
    utc: Moment
    machine: Machine
    run: Run
    benchmarks: tuple[Benchmark, ...]

    @property
    def sweep(self) -> str:
        """Which cases it was to measure."""
        return self.run.sweep

    @model_validator(mode="after")
    def _each_once(self) -> Record:
        keys = Counter((m.case, m.series, m.backend) for m in (each.measurement for each in self.benchmarks))
        twice = [key for key, count in keys.items() if count > 1]
        if twice:
            raise ValueError(f"{' '.join(twice[0])} is there {keys[twice[0]]} times")
        return self
