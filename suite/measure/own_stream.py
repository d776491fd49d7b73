"""Samples of launches on streams that the backend chooses, which neither a CUDA graph nor a stream of ours holds.

Such a backend may let its streams wait, on the device, for what is on the current stream, and the current stream for a
launch. Then the events that time everyone else time it too. The launches are queued behind a delay, so that the host's
pace is not in the sample. A backend that does not is timed by the host's clock, and gets no share of a ceiling. So is
one whose launches the host cannot enqueue as long as the longest delay lasts.

Seen of JAX on an H100: at 8192 × 8192 float32 the events read 182.8 us a launch. CUPTI read 181.8 from the start of one
kernel to the start of the next, in which it runs for 179.6. At 4096 × 4096 these were 49.7, 49.4 and 46.3 us.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import torch

from backends import Enqueue
from suite.measure.events import EventSampler
from suite.measure.timing import Device, Sampler, UntilIdleSampler, launches_per_sample, queued

MOST_QUEUED = 12
"""Launches that are timed at once, behind as many that are not. XLA lets 32 be under way before it holds the host."""

PROBE_CYCLES, PROBE_S = 60_000_000, 0.008
"""A delay of 30 ms at 2 GHz, and when it is looked at: no launch takes so long that did not wait for it."""


class JoinedSampler(EventSampler):
    """Launches behind a delay of the current stream, which waits for each: events on it enclose them."""

    def __init__(self, sets: Sequence[Enqueue], launches: int, follow: Callable[[], object]) -> None:
        """follow: lets what is launched next wait for what is on the current stream."""
        super().__init__(sets, min(launches, MOST_QUEUED))
        self._follow = follow

    def _lead(self) -> None:
        self._follow()
        super()._lead()


def sampler(device: Device, sets: Sequence[Enqueue], follow: Callable[[], object] | None, sample_s: float) -> Sampler:
    """By events where the launches can be joined to the current stream, and queued in time; else by the host's clock.

    follow: see JoinedSampler; None where the backend has no such function.
    """
    by_host = UntilIdleSampler(sets, 4, device.synchronize)
    for launch in sets[:2]:
        launch()
    for _ in range(3):
        by_host.take()
    count = launches_per_sample(min(by_host.collect()), 1, sample_s)  # the host's pace is long without whole walks
    if follow is not None and joins(sets[0], follow):
        sampler = queued(JoinedSampler(sets, count, follow), device.synchronize)
        if isinstance(sampler, JoinedSampler):
            return sampler
    return UntilIdleSampler(sets, count, device.synchronize)


def joins(launch: Enqueue, follow: Callable[[], object]) -> bool:
    """Whether a launch waits for the current stream, another stream for the launch, and the host for neither.

    Another, for the current one waits for its own delay in any case.
    """
    other, delay, after = torch.cuda.Stream(), torch.cuda.Event(), torch.cuda.Event()
    follow()  # once before: it may have to be compiled
    torch.cuda.synchronize()
    torch.cuda._sleep(PROBE_CYCLES)
    delay.record()
    follow()
    with torch.cuda.stream(other):
        launch()
        after.record()
    time.sleep(PROBE_S)
    waits = not after.query()
    waits = waits and not delay.query()  # asked last: still in its delay, and so was the launch
    torch.cuda.synchronize()
    return waits
