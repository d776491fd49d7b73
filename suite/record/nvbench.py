"""The same bound launches by NVIDIA's nvbench: a document of its own beside the runs."""

from __future__ import annotations

from typing import ClassVar, Literal

from suite.record.document import Document
from suite.record.measurement import Outcome
from suite.record.typed import Seconds, Typed

Own = Literal["cold", "hot", "single", "flushed", "host"]
"""The loads that our own clock times. cold, hot: the series of a campaign. single: one launch between two events, after
others of its kind. flushed: the same after a write of as many bytes as L2 holds. host: what enqueueing a launch costs
the host."""

Theirs = Literal["cold", "batch", "rotating"]
"""The loads that nvbench times. cold: one launch after such a write. batch: many, on one operand set. rotating: the
same on the sets of the series cold in turn."""


class Timed(Typed):
    """One backend's launches in one case, in seconds per launch."""

    backend: str
    case: str
    form: str
    rounds: int  # of our own
    own: dict[Own, Seconds]  # medians over the rounds, half of them before nvbench and half after
    nvbench: dict[Theirs, Seconds]  # cold: its median; the others: its mean, all that it tells

    @property
    def same_load(self) -> dict[Theirs, float]:
        """nvbench's time / our own of the same load."""
        own = {"cold": self.own["flushed"], "batch": self.own["hot"], "rotating": self.own["cold"]}
        return {load: self.nvbench[load] / own[load] for load in self.nvbench}

    @property
    def paced_by_host(self) -> bool:
        """Whether the host takes longer to enqueue a launch than the device to run it: nvbench's batch waits for it."""
        return self.own["host"] > self.own["hot"]


class Nvbench(Document):
    """All backends by both timers."""

    suffix: ClassVar[str] = ".nvbench.json"
    command_that_writes: ClassVar[str] = "tox -e nvbench"

    version: str  # cuda-bench's
    buffer_sets: dict[str, int]  # case -> the operand sets that cold and rotating walk
    timed: tuple[Timed, ...]
    outcomes: tuple[Outcome, ...] = ()
