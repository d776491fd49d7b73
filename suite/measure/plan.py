"""How long a campaign goes on, and who takes part beside the backends."""

from __future__ import annotations

from dataclasses import dataclass, replace

from suite.record.measurement import Series

CEILINGS = ("ceiling_memcpy", "ceiling_copy")
CONTROL = "control_aa"
"""The names of the contenders that are no backends."""


LEAST_WARMUP_S = 0.05
"""How long the load that is measured runs before, where the device was just at work.

Caches and page tables settle then; clocks have. On an H100 the A/A control and its scatter were the same after 0.05 s
and after 0.3 s, in eight campaigns.
"""

CALLED: tuple[Series, ...] = ("as_called", "as_called_host")
"""The series of one call at a time, as KernelBench times a candidate: by events, and by the host's clock."""

FRESH: tuple[Series, ...] = ("call", *CALLED)
"""The series in which every call is what a user writes: from tensors to a new C, its allocation included."""


@dataclass(frozen=True)
class Plan:
    """How long a campaign goes on. Rounds are looked at together, `look_every` at a time."""

    sample_s: float = 1.5e-3
    warmup_s: float = 0.3  # at most: as long as the device had been idle, and at least LEAST_WARMUP_S
    min_rounds: int = 60
    look_every: int = 20
    max_rounds: int = 300
    budget_s: float = 3.0
    precision: float = 0.0025  # half-width of every ratio's 99 % interval at which it stops
    restarts: int = 1  # fresh processes; all else is of each of them

    def after(self, idle_s: float) -> Plan:
        """The plan with as much warming up as a device needs that was idle for so many seconds."""
        return replace(self, warmup_s=min(self.warmup_s, max(LEAST_WARMUP_S, idle_s)))


GPU = Plan(sample_s=1e-3, min_rounds=20, max_rounds=100, budget_s=0.5, precision=0.005, restarts=4)
"""Four restarts, since Student's 99 % reach is 5.8 standard errors with four draws and 9.9 with three.

Within ±0.5 % in each of four is ±0.25 % in all. More rounds than fit half a second are for few: what a restart adds
to the scatter, they do not take away.
"""

CPU = Plan(
    sample_s=5e-3, warmup_s=0.1, min_rounds=7, look_every=7, max_rounds=35, budget_s=1.0, precision=0.005, restarts=3
)
"""On the CPU launches are longer and less even; few rounds of longer samples, thrice, fit the same time."""

SMOKE = Plan(sample_s=0.0, warmup_s=0.0, min_rounds=1, look_every=1, max_rounds=1, budget_s=0.0)
"""Every contender once: that it runs, not how fast."""
