"""One sample: the time of one series of launches of one contender on one device.

A sampler is made for one contender. `take` enqueues one unmeasured pass, so that the dirty lines a pass finds in the
cache are its own, and one timed pass. `collect`, after the device is idle, gives the seconds per launch of each.
On CUDA a pass is one CUDA graph between two events. What cannot be captured is queued behind a device-side delay. On
the CPU a pass is a loop under the host's monotonic clock. So it is where the host cannot queue ahead of the device:
such times get no share of a ceiling. Launches on streams of the backend's own: own_stream.py.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch

from backends import Enqueue
from suite.device import chosen, l2, memory
from suite.measure.events import EventSampler, TooLate, elapsed, event_pair
from suite.record.measurement import Method

MOST_LAUNCHES = 512
"""The most launches in a sample, and the most operand sets a series can rotate through."""

LEAD = 5
"""A timed graph's launches for each unmeasured one before it, where the operand sets leave the choice."""

HOST_LAUNCHES = {"launch": 100, "call": 10}
"""Per sample of the host series: enough to see past the clock, too few to fill the device's queue."""


class CaptureFailed(Exception):
    """Launches could not be captured into a CUDA graph, for the reason that is its cause.

    The state of the stream, and of the libraries that were at it, is not to be trusted afterwards.
    """


class Sampler(Protocol):
    """Takes samples of one contender."""

    method: Method
    launches: int

    def take(self) -> None:
        """Some unmeasured launches, then the timed ones."""

    def collect(self) -> list[float]:
        """Seconds per launch of every sample since the last collect; the device must be idle. Raises TooLate."""

    def enqueue_timed(self) -> None:
        """Enqueue what is timed and nothing else, untimed, so that every set's C is written by it."""


class GraphSampler:
    """Times a CUDA graph of `launches` launches that walk the sets in turn, after a shorter one of the same kind.

    The shorter graph is not timed. Whatever another contender had left in the caches, it leaves them as the timed one
    will, dirty lines included. One walk through the sets of the series cold is enough for that.
    """

    method: Method = "cuda_graph"

    def __init__(self, sets: Sequence[Enqueue], launches: int) -> None:
        """Capture on the current stream, which must not be the default one. Raises CaptureFailed."""
        self.launches = launches
        self._events: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []
        lead = lead_launches(launches, len(sets))
        self._lead = _captured(sets, lead)
        # Captured last, so that a backend which allocates C holds the one that this graph writes.
        self._graph = self._lead if lead == launches else _captured(sets, launches)

    @property
    def timed_graph(self) -> torch.cuda.CUDAGraph:
        """The graph between the events, for whoever counts its nodes."""
        return self._graph

    def enqueue_timed(self) -> None:
        """Enqueue the timed graph once."""
        self._graph.replay()

    def take(self) -> None:
        """Enqueue the unmeasured launches, then the timed ones between events."""
        before, after = event_pair()
        self._lead.replay()
        before.record()
        self.enqueue_timed()
        after.record()
        self._events.append((before, after))

    def collect(self) -> list[float]:
        """Seconds per launch."""
        return elapsed(self._events, self.launches)


class HostSampler:
    """A loop under the host's clock: whole launches on the CPU; on CUDA, only what the host spends to enqueue them."""

    method: Method = "host_clock"

    def __init__(self, sets: Sequence[Callable[[], object]], launches: int, synchronize: Callable[[], None]) -> None:
        self.launches = launches
        self._sets = sets
        self._walk = itertools.cycle(sets)
        self._synchronize = synchronize
        self._samples: list[float] = []

    def take(self) -> None:
        """One unmeasured launch, then `launches` timed ones; waits for the device outside the timed part."""
        next(self._walk)()
        self._synchronize()
        start = time.perf_counter_ns()
        for _ in range(self.launches):
            next(self._walk)()
        self._samples.append((time.perf_counter_ns() - start) / 1e9 / self.launches)
        self._synchronize()

    def collect(self) -> list[float]:
        """Seconds per launch."""
        samples, self._samples = self._samples, []
        return samples

    def enqueue_timed(self) -> None:
        """Launch once on every set."""
        for launch in self._sets:
            launch()


class UntilIdleSampler(HostSampler):
    """Whole passes under the host's clock, each until the device is idle: for what cannot be queued ahead of it."""

    def take(self) -> None:
        """An unmeasured pass and a timed one, each with the wait for its end; the device is idle before and after."""
        self._synchronize()
        self._pass()
        start = time.perf_counter_ns()
        self._pass()
        self._samples.append((time.perf_counter_ns() - start) / 1e9 / self.launches)

    def _pass(self) -> None:
        for _ in range(self.launches):
            next(self._walk)()
        self._synchronize()


def queued(sampler: EventSampler, synchronize: Callable[[], None]) -> Sampler:
    """The sampler, after three samples that the host was in time for; else one until the device is idle."""
    for _ in range(3):
        sampler.take()
    synchronize()
    try:
        sampler.collect()
    except TooLate:
        return UntilIdleSampler(sampler.sets, sampler.launches, synchronize)
    return sampler


class Device:
    """The device that a worker owns, and its one stream."""

    def __init__(self) -> None:
        """The current CUDA device, or the CPU. Raises chosen.UnusableGpu."""
        self.kind = chosen.kind()
        self.torch = torch.device(self.kind)
        self._stream: Any = torch.cuda.Stream() if self.kind == "cuda" else None

    @property
    def stream(self) -> int:
        """The raw handle to enqueue on; 0 on the CPU."""
        return self._stream.cuda_stream if self._stream else 0

    def active(self) -> contextlib.AbstractContextManager[Any]:
        """Within it, torch enqueues on this device's stream."""
        return torch.cuda.stream(self._stream) if self._stream else contextlib.nullcontext()

    def synchronize(self) -> None:
        """Wait until everything enqueued is done; raises what went wrong on the device."""
        if self.kind == "cuda":
            torch.cuda.synchronize()

    def settle(self) -> None:
        """The same, and let L2 give up the lines that kernels asked it to keep."""
        self.synchronize()
        if self.kind == "cuda":
            l2.forget_kept()

    def free_bytes(self) -> int:
        """Memory that can be taken now."""
        if self.kind == "cuda":
            torch.cuda.empty_cache()
            return torch.cuda.mem_get_info()[0]
        return memory.free_bytes()

    def sampler(self, sets: Sequence[Enqueue], launches: int, capturable: bool) -> Sampler:
        """The sampler that suits the device and the contender."""
        if self.kind == "cpu":
            return HostSampler(sets, launches, self.synchronize)
        if capturable:
            return GraphSampler(sets, launches)
        return queued(EventSampler(sets, launches), self.synchronize)

    def rough_seconds(self, sets: Sequence[Enqueue]) -> float:
        """About how long one launch takes, after warming up; only to choose how many make a sample."""
        for launch in sets[:2]:
            launch()
        self.synchronize()
        probe = self.sampler(sets, 2 if self.kind == "cpu" else 4, capturable=False)
        for _ in range(3):
            probe.take()
            self.synchronize()
        return min(probe.collect())


def launches_per_sample(rough_s: float, sets: int, sample_s: float) -> int:
    """K: whole walks through the operand sets that last about sample_s, at most MOST_LAUNCHES launches.

    A broken walk would begin the next one at sets that it has just left in the cache.
    """
    walks = max(1, round(sample_s / max(rough_s, 1e-9) / sets))
    return sets * max(1, min(walks, MOST_LAUNCHES // sets))


def lead_launches(launches: int, sets: int) -> int:
    """How many unmeasured launches go before so many timed ones: whole walks through the sets, about a LEAD-th."""
    return min(launches, sets * max(1, round(launches / LEAD / sets)))


def sets_needed(footprint_bytes: int, cache_bytes: int) -> int:
    """R of the series cold: rotating through so many sets, each launch finds its operands evicted from the cache."""
    return math.ceil(5 * cache_bytes / max(1, footprint_bytes)) + 1


def _captured(sets: Sequence[Enqueue], launches: int) -> torch.cuda.CUDAGraph:
    """A CUDA graph of so many launches that walk the sets in turn. Raises CaptureFailed."""
    graph = torch.cuda.CUDAGraph(keep_graph=True)  # so that its nodes can be counted
    torch.cuda.synchronize()
    try:
        # Not torch.cuda.graph(): that collects garbage and empties the allocator's cache at every capture.
        graph.capture_begin(capture_error_mode="thread_local")
        for launch in itertools.islice(itertools.cycle(sets), launches):
            launch()
        graph.capture_end()
        graph.instantiate()
    except Exception as error:
        raise CaptureFailed from error
    return graph
