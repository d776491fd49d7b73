"""What a campaign yields before anything is concluded: the samples of its contenders, and how they were taken."""

from __future__ import annotations

from dataclasses import dataclass, field

from suite.record.machine import State
from suite.record.measurement import Method, Outcome, StopReason


@dataclass(frozen=True)
class Samples:
    """One contender's samples, in seconds per launch, one per round, and how they were taken."""

    samples_s: list[float]
    method: Method
    launches: int
    form: str = ""
    allocates: bool = False


@dataclass
class CampaignSamples:
    """One campaign's samples by contender, and what did not get to any."""

    contenders: dict[str, Samples] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    stop_reason: StopReason = "smoke"
    rounds_dropped: int = 0
    seconds: float = 0.0
    buffer_sets: int = 1
    buffer_sets_needed: int = 1
    state: State | None = None  # the device right after the rounds
    controlled: str = ""  # what the A/A control doubles
