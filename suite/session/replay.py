"""Hands samples that a campaign has taken to pytest-benchmark, through its public API, bit for bit.

pytest-benchmark calls setup, reads its timer, calls the target and reads the timer again. Here setup puts the clock to
zero and the target moves it on by one sample, so that the difference it sees is that sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class ReplayClock:
    """A timer that says what it was told to."""

    __name__ = "device_replay"  # pytest-benchmark stores it as options.timer

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now

    def reset(self) -> None:
        """Back to zero: end - start is then the sample itself, not a rounded difference."""
        self.now = 0.0


CLOCK = ReplayClock()


def replay(benchmark: Any, samples_s: Sequence[float]) -> None:
    """Make `benchmark` hold one round per sample; the benchmark must have been given CLOCK as its timer by a mark."""
    remaining = iter(samples_s)

    def target() -> None:
        CLOCK.now = next(remaining, 0.0)

    benchmark.pedantic(target, setup=CLOCK.reset, rounds=len(samples_s))
