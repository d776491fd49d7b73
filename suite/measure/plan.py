"""How long a campaign goes on, and who takes part beside the backends."""

from __future__ import annotations

from dataclasses import dataclass

CEILINGS = ("ceiling_memcpy", "ceiling_copy")
CONTROL = "control_aa"
"""The names of the contenders that are no backends."""


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
"""Every contender once: that it runs, not how fast."""
