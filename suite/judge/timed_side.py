"""The part of a candidate's process that takes samples: ceilings, references, the candidate and the control.

The judge drives it sample by sample, by the same two requests whether it looks on or not.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch

import backends
from backends import Enqueue, Entry
from suite.check.operands import Operands
from suite.judge.bound import Attached, LegacyStream
from suite.measure import ceilings, single_calls, timing
from suite.measure.events import EventSampler, TooLate
from suite.measure.plan import CALLED, CONTROL, FRESH
from suite.measure.timing import CaptureFailed, GraphSampler, HostSampler, Sampler
from suite.record.measurement import Series

CANDIDATE = "candidate"
KERNEL_NODE = 0  # CU_GRAPH_NODE_TYPE_KERNEL


class Timed:
    """The contenders over all sets that are attached."""

    REQUESTS = ("prepare", "take", "batch", "delays", "collect", "synchronize", "once", "graph", "host_costs", "drop")

    def __init__(self, side: Attached) -> None:
        self._side = side
        self._samplers: dict[str, Sampler] = {}
        self._walks: dict[str, Sampler] = {}
        self._clock = time.perf_counter
        self._samples_s = 0.0
        self._series: Series = "cold"

    def prepare(self, references: list[str], sample_s: float, series: Series) -> dict[str, Any]:
        """Bind and capture everyone; returns the contenders' names, with the launches of a sample and the method."""
        self.drop()
        self._samples_s, self._series = sample_s, series
        sets = [bound.on for bound in self._side.sets.values()]
        if series in ("cold", "hot"):
            for name, (launches, _) in ceilings.ceilings(sets).items():
                self._add(name, launches)
        left_out: list[str] = []
        controlled = ""
        for name in references:
            try:
                launches = self._reference(name)
            except Exception as error:
                left_out.append(f"{name}: {type(error).__name__}: {str(error)[:100]}")
                continue
            self._add(name, launches)
            if not controlled:
                controlled = name
                self._add(CONTROL, launches)
        own = self._own()
        note = self._add_candidate(own)
        described = {
            name: {"launches": sampler.launches, "method": sampler.method} for name, sampler in self._samplers.items()
        }
        return {"contenders": described, "left_out": left_out, "note": note, "controlled": controlled}

    def _reference(self, name: str) -> list[Enqueue]:
        (entry,) = backends.find([name])
        sets = [bound.on for bound in self._side.sets.values()]
        if self._series in FRESH:
            return [self._call_of(entry, on) for on in sets]
        return [backends.bind(entry, on.a, on.b, on.out, self._side.device.stream) for on in sets]

    def _own(self) -> list[Enqueue]:
        """What is timed of the candidate: each keeps what it returned, for the judge to look at."""
        bound = list(self._side.sets.values())
        if self._series not in FRESH:
            return [*bound]
        assert self._side.entry is not None
        return [partial(one.keep, self._call_of(self._side.entry, one.on)) for one in bound]

    def _call_of(self, entry: Entry, on: Operands) -> Enqueue:
        return backends.fresh(entry, on.a, on.b, self._side.device.stream)

    def _add_candidate(self, own: Sequence[Any]) -> str:
        """Capture its launches, or say why events have to do."""
        try:
            self._walks[CANDIDATE] = self._sampler(own, len(own))
            self._add(CANDIDATE, own)  # last, so that what the launches returned is what this graph writes
            return ""
        except CaptureFailed as error:
            if self._side.device.kind != "cuda":
                raise
            reason = str(error.__cause__).splitlines()[0][:150] if error.__cause__ else ""
            torch.cuda.synchronize()
        self._walks[CANDIDATE] = self._sampler(own, len(own), capturable=False)
        self._add(CANDIDATE, own, capturable=False)
        return f"its launches cannot be captured into a CUDA graph: {reason}"

    def _add(self, name: str, launches: Sequence[Any], capturable: bool = True) -> None:
        if self._series in CALLED:
            self._samplers[name] = single_calls.sampler(self._side.device, launches, self._series)
            return
        if self._series in timing.HOST_LAUNCHES:
            self._samplers[name] = self._sampler(launches, timing.HOST_LAUNCHES[self._series])
            return
        rough_s = self._side.device.rough_seconds(launches)
        count = timing.launches_per_sample(rough_s, len(launches), self._samples_s)
        self._samplers[name] = self._sampler(launches, count, capturable)

    def _sampler(self, launches: Sequence[Any], count: int, capturable: bool = True) -> Sampler:
        if self._series not in ("cold", "hot"):
            return HostSampler(launches, count, self._side.device.synchronize)
        capturable = capturable and not isinstance(self._side.device, LegacyStream)  # that stream takes no capture
        return self._side.device.sampler(launches, count, capturable)

    def take(self, name: str) -> None:
        """One sample; not answered, so that the device's queue never runs dry."""
        self._samplers[name].take()

    def batch(self, name: str, count: int) -> dict[str, Any]:
        """Seconds per launch of so many samples, taken without a request for each."""
        sampler = self._samplers[name]
        for _ in range(count):
            sampler.take()
        self._side.device.synchronize()
        return _samples(sampler)

    def delays(self, name: str, count: int) -> dict[str, Any]:
        """Wait as long as so many samples do beside what they time: for delays, or flushes."""
        sampler = self._samplers[name]
        if self._series in CALLED:
            nothing = single_calls.sampler(self._side.device, [lambda: torch.empty(0)], self._series)
            for _ in range(count):
                nothing.take()
            self._side.device.synchronize()
        if isinstance(sampler, EventSampler):
            for _ in range(count):
                torch.cuda._sleep(sampler.delay_cycles)
            self._side.device.synchronize()
        return {}

    def collect(self, name: str) -> dict[str, Any]:
        """Seconds per launch of the samples since the last collect."""
        return _samples(self._samplers[name])

    def synchronize(self) -> dict[str, Any]:
        """Wait for the device, and let its L2 give up what it was asked to keep."""
        self._side.device.settle()
        return {}

    def once(self) -> dict[str, Any]:
        """Seconds of one walk of the candidate through all sets, with no launch before it."""
        sampler, device = self._walks[CANDIDATE], self._side.device
        device.synchronize()
        if device.kind == "cpu":
            start = self._clock()
            sampler.enqueue_timed()
            return {"seconds": self._clock() - start}
        before, after = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        if not isinstance(sampler, GraphSampler):
            torch.cuda._sleep(10_000_000)  # the host enqueues meanwhile, as EventSampler lets it
        before.record()
        sampler.enqueue_timed()
        after.record()
        device.synchronize()
        return {"seconds": before.elapsed_time(after) / 1e3}

    def graph(self) -> dict[str, Any]:
        """Kernel nodes and launches of the very graph that is timed; empty where none is."""
        sampler = self._samplers[CANDIDATE]
        if not isinstance(sampler, GraphSampler):
            return {}
        return {"kernels": kernel_nodes(sampler.timed_graph), "launches": sampler.launches}

    def host_costs(self, launches: int) -> dict[str, Any]:
        """Seconds that the host spends on one bound launch, and on what a user writes: from tensors to a new C."""
        own = list(self._side.sets.values())
        assert self._side.entry is not None
        call = self._call_of(self._side.entry, own[0].on)
        found = {}
        for name, calls, count in (("launch_s", own, launches), ("call_s", [call], max(1, launches // 10))):
            sampler = HostSampler(calls, count, self._side.device.synchronize)
            for _ in range(5):
                sampler.take()
            found[name] = sorted(sampler.collect())[2]
        return found

    def drop(self) -> dict[str, Any]:
        """Forget every sampler."""
        self._samplers.clear()
        self._walks.clear()
        return {}


def _samples(sampler: Sampler) -> dict[str, Any]:
    """Its samples, or why there are none."""
    try:
        return {"samples": sampler.collect()}
    except TooLate as error:
        return {"samples": [], "late": str(error)}


def kernel_nodes(graph: torch.cuda.CUDAGraph) -> int:
    """How many nodes of a captured graph are kernels, asked of the driver."""
    driver = ctypes.CDLL("libcuda.so.1")
    handle = ctypes.c_void_p(graph.raw_cuda_graph())
    count = ctypes.c_size_t(0)
    _require(driver.cuGraphGetNodes(handle, None, ctypes.byref(count)))
    if not count.value:  # with room for none, the driver calls the question invalid
        return 0
    nodes = (ctypes.c_void_p * count.value)()
    _require(driver.cuGraphGetNodes(handle, nodes, ctypes.byref(count)))
    kind = ctypes.c_int()
    kernels = 0
    for node in nodes:
        _require(driver.cuGraphNodeGetType(ctypes.c_void_p(node), ctypes.byref(kind)))
        kernels += kind.value == KERNEL_NODE
    return kernels


def _require(error: int) -> None:
    if error:
        raise RuntimeError(f"the driver cannot say what a graph holds: error {error}")
