"""What the pytest process asks of the worker that owns the device, and what comes back. No array library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from backends import Entry
from suite.cases import Case
from suite.record import Agreement, Energy, Method, Outcome, Series, State, StopReason

CEILINGS = ("ceiling_memcpy", "ceiling_copy")
CONTROL = "control_aa"
"""The names of the candidates that are no backends."""


@dataclass(frozen=True)
class Plan:
    """How long a campaign goes on. Rounds are looked at together, `look_every` at a time."""

    sample_s: float = 1.5e-3
    warmup_s: float = 0.3
    min_rounds: int = 60
    look_every: int = 20
    max_rounds: int = 300
    budget_s: float = 3.0
    precision: float = 0.0025  # half-width of every ratio's 99 % interval at which it stops


CPU = Plan(sample_s=5e-3, min_rounds=20, look_every=10, max_rounds=100, budget_s=6.0)
"""On the CPU launches are longer and less even; fewer rounds of longer samples fit the same time."""

SMOKE = Plan(sample_s=0.0, warmup_s=0.0, min_rounds=1, look_every=1, max_rounds=1, budget_s=0.0)
"""Every candidate once: that it runs, not how fast."""


@dataclass(frozen=True)
class Describe:
    """Ask for the Machine."""


@dataclass(frozen=True)
class Identify:
    """Ask for the UUID of the CUDA device; empty on the CPU."""


@dataclass(frozen=True)
class Gate:
    """Ask whether one backend is right in one case; answered by its Outcome, or None when it is."""

    case: Case
    entry: Entry


@dataclass(frozen=True)
class Measure:
    """Ask for one campaign; answered by Measured."""

    case: Case
    series: Series
    entries: tuple[Entry, ...]
    plan: Plan
    careful: bool = False  # wait for the device after every candidate, to learn which one breaks it


@dataclass(frozen=True)
class Examine:
    """Ask for a backend's energy and for its time by other timers, in the series cold; answered by Examined."""

    case: Case
    entry: Entry
    campaign_seconds: float  # per launch, the median of the campaign to agree with
    energy: bool  # whether to read the energy counter too, which takes seconds


@dataclass(frozen=True)
class Look:
    """Ask for the device's State."""

    when: Literal["before", "after"]


@dataclass(frozen=True)
class Sampled:
    """One candidate's samples, in seconds per launch, one per round, and how they were taken."""

    samples_s: list[float]
    method: Method
    launches: int
    form: str = ""
    allocates: bool = False


@dataclass
class Measured:
    """One campaign's samples by candidate, and what did not get to any."""

    sampled: dict[str, Sampled] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    stop_reason: StopReason = "smoke"
    rounds_dropped: int = 0
    seconds: float = 0.0
    buffer_sets: int = 1
    buffer_sets_needed: int = 1
    state: State | None = None  # the device right after the rounds
    controlled: str = ""  # what the A/A control doubles


@dataclass(frozen=True)
class Examined:
    """One backend's energy and second times; `note` says what could not be had."""

    agreements: list[Agreement] = field(default_factory=list)
    energy: Energy | None = None
    note: str = ""


Request = Describe | Identify | Gate | Measure | Examine | Look
