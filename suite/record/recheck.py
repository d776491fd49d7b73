"""A few campaigns taken once more, to see whether what records say still holds."""

from __future__ import annotations

from typing import Literal

from suite.record.machine import Machine
from suite.record.measurement import Measurement, Outcome
from suite.record.typed import Typed


class Recheck(Typed):
    """What one process and little time gave: no run, and never published."""

    schema_version: Literal[1] = 1
    machine: Machine
    measurements: tuple[Measurement, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    asked: int = 0  # campaigns that were to be taken here
    taken: int = 0  # for as many there was time
    seconds: float = 0.0
