"""One call at a time after a flush of the L2, as KernelBench times a candidate: by events, and by the host's clock."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence

import torch

from backends import Enqueue
from suite.device import machine
from suite.measure.events import elapsed, event_pair
from suite.measure.timing import Device, HostSampler, Sampler
from suite.record.measurement import Method, Series

FLUSH_BYTES = 256 << 20
"""The least that is written before each call: more than the L2 of every GPU so far, and as much as KernelBench writes.

A CPU's last-level cache may hold more; then all of that.
"""


class CalledSampler:
    """One call at a time between two events, after the L2 was flushed by a write; the device was idle before.

    The flush still runs while the host enqueues, so the host's time shows where it is longer than the flush's. Dirty
    lines of the flush are written back during the call, which is why no other series does it.
    """

    method: Method = "cuda_events"
    launches = 1

    def __init__(self, sets: Sequence[Enqueue], flush: Callable[[], object], synchronize: Callable[[], None]) -> None:
        self._sets, self._walk = sets, itertools.cycle(sets)
        self._flush, self._synchronize = flush, synchronize
        self._events: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []

    def take(self) -> None:
        """Wait, flush, and enqueue one call between events."""
        self._synchronize()
        before, after = event_pair()
        self._flush()
        before.record()
        next(self._walk)()
        after.record()
        self._events.append((before, after))

    def collect(self) -> list[float]:
        """Seconds of each call."""
        return elapsed(self._events, 1)

    def enqueue_timed(self) -> None:
        """Call once on every set."""
        for call in self._sets:
            call()


class CalledHostSampler(HostSampler):
    """One call at a time by the host's clock, from a device idle after the flush to a device idle again."""

    def __init__(self, sets: Sequence[Enqueue], flush: Callable[[], object], synchronize: Callable[[], None]) -> None:
        super().__init__(sets, 1, synchronize)
        self._flush = flush

    def take(self) -> None:
        """Flush, wait, and time one call and the wait for its end."""
        self._flush()
        self._synchronize()
        start = time.perf_counter_ns()
        next(self._walk)()
        self._synchronize()
        self._samples.append((time.perf_counter_ns() - start) / 1e9)


def sampler(device: Device, calls: Sequence[Enqueue], series: Series) -> Sampler:
    """The sampler of a series of single calls; see plan.CALLED."""
    kind = CalledSampler if series == "as_called" else CalledHostSampler
    return kind(calls, flusher(device), device.synchronize)


def flusher(device: Device) -> Callable[[], object]:
    """What writes FLUSH_BYTES on the device, or as much as its cache holds."""
    size = max(FLUSH_BYTES, machine.cache_bytes(device.kind))
    return torch.empty(size, dtype=torch.int8, device=device.torch).zero_
