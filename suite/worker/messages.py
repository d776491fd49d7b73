"""What the pytest process asks of the worker that owns the device, and what comes back. No array library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from backends import Entry
from suite.cases import Case
from suite.measure.plan import Plan
from suite.record.measurement import Series
from suite.record.run import Agreement, Energy


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
    """Ask for one campaign; answered by CampaignSamples."""

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
class Examined:
    """One backend's energy and second times; `note` says what could not be had."""

    agreements: list[Agreement] = field(default_factory=list)
    energy: Energy | None = None
    note: str = ""


Request = Describe | Identify | Gate | Measure | Examine | Look
