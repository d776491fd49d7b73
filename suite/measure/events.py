"""Pairs of events around launches, and samples taken by them of launches that the host has queued behind a delay.

Events tell the device's time only if the device never waits for the host between them. Every sample shows that.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch

from backends import Enqueue
from suite.record.measurement import Method

MOST_QUEUED = 64
"""The most launches in a sample behind a device-side delay, which must outlast the queueing of twice as many."""

DELAY_CYCLES_PER_LAUNCH = 100_000
"""How long that delay is at first: 50 us at 2 GHz, more than a bound launch costs the host."""

MOST_DELAYS, TRIES = 8, 6
"""How many times longer it may become, and how often one sample is tried, where the host is late for it."""


class TooLate(Exception):
    """The host was still enqueueing samples when the device came to them: events around them time the host too."""


def event_pair() -> tuple[torch.cuda.Event, torch.cuda.Event]:
    """Two events that keep the time."""
    return torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)


def elapsed(events: list[tuple[torch.cuda.Event, torch.cuda.Event]], launches: int) -> list[float]:
    """Seconds per launch between the events of each pair, which are forgotten; the device must be idle."""
    seconds = [before.elapsed_time(after) / 1e3 / launches for before, after in events]
    events.clear()
    return seconds


class EventSampler:
    """Launches queued behind a device-side delay long enough for the host to enqueue all of them."""

    method: Method = "cuda_events"

    def __init__(self, sets: Sequence[Enqueue], launches: int) -> None:
        self.launches = min(launches, MOST_QUEUED)
        self.sets = sets
        self._walk = itertools.cycle(sets)
        self._events: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []
        self._delays = 1
        self._late = 0  # samples since the last collect

    @property
    def delay_cycles(self) -> int:
        """The device's clock cycles that a sample waits while the host enqueues it."""
        return 2 * self._delays * self.launches * DELAY_CYCLES_PER_LAUNCH

    def take(self) -> None:
        """Enqueue a delay, an unmeasured pass and a timed one; again behind a longer delay if the host was late."""
        for _ in range(TRIES):
            pair, late = self._enqueued()
            if not late:
                break
            self._delays = min(2 * self._delays, MOST_DELAYS)
        self._late += late
        self._events.append(pair)

    def _enqueued(self) -> tuple[tuple[torch.cuda.Event, torch.cuda.Event], bool]:
        """The events around the timed pass, and whether the delay was over before all was enqueued."""
        (before, after), delay = event_pair(), torch.cuda.Event()
        torch.cuda._sleep(self.delay_cycles)
        delay.record()
        self._lead()
        before.record()
        self._pass()
        after.record()
        return (before, after), delay.query()

    def _lead(self) -> None:
        """What goes before the timed pass: another one."""
        self._pass()

    def _pass(self) -> None:
        for _ in range(self.launches):
            next(self._walk)()

    def enqueue_timed(self) -> None:
        """Enqueue one launch on every set, which may be more than a sample has."""
        for launch in self.sets:
            launch()

    def collect(self) -> list[float]:
        """Seconds per launch. Raises TooLate, and forgets the samples, where the host was late for one."""
        seconds = elapsed(self._events, self.launches)
        late, self._late = self._late, 0
        if late:
            raise TooLate(
                f"the host had not enqueued {2 * self.launches} launches when the device came to them, behind "
                f"{MOST_DELAYS} times the usual delay (samples: {late}); events around them time the host too"
            )
        return seconds
