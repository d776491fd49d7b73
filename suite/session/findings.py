"""What a run has found beside its measurements, as its record will hold it."""

from __future__ import annotations

from dataclasses import dataclass, field

from suite.record.machine import State
from suite.record.measurement import Outcome
from suite.record.run import Agreement, Energy, FirstUse


@dataclass
class Findings:
    """Outcomes without a number, the device's states, and the costs that were looked at."""

    outcomes: list[Outcome] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    agreements: list[Agreement] = field(default_factory=list)
    energies: list[Energy] = field(default_factory=list)
    first_uses: list[FirstUse] = field(default_factory=list)
    seconds_measuring: float = 0.0

    def note(self, outcome: Outcome) -> None:
        """Keep an outcome, once."""
        if outcome not in self.outcomes:
            self.outcomes.append(outcome)
