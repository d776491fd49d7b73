"""How long a campaign goes on, and who takes part beside the backends."""

from __future__ import annotations

from dataclasses import dataclass

from suite.record.measurement import Series

CEILINGS = ("ceiling_memcpy", "ceiling_copy")
CONTROL = "control_aa"
"""The names of the contenders that are no backends."""


CALLED: tuple[Series, ...] = ("as_called", "as_called_host")
"""The series of one call at a time, as KernelBench times a candidate: by events, and by the host's clock."""

FRESH: tuple[Series, ...] = ("call", *CALLED)
"""The series in which every call is what a user writes: from tensors to a new C, its allocation included."""


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
    restarts: int = 1  # fresh processes; all else is of each of them


GPU = Plan(min_rounds=20, max_rounds=100, budget_s=1.0, precision=0.005, restarts=4)
"""Four restarts, since Student's 99 % reach is 5.8 standard errors with four draws and 9.9 with three.

Within ±0.5 % in each of four is ±0.25 % in all.
"""

CPU = Plan(
    sample_s=5e-3, warmup_s=0.1, min_rounds=7, look_every=7, max_rounds=35, budget_s=1.0, precision=0.005, restarts=3
)
"""On the CPU launches are longer and less even; few rounds of longer samples, thrice, fit the same time."""

SMOKE = Plan(sample_s=0.0, warmup_s=0.0, min_rounds=1, look_every=1, max_rounds=1, budget_s=0.0)
"""Every contender once: that it runs, not how fast."""
