"""What runs here, asked of the machine itself: the device, its memory system, its clocks, the software, the commit.

Nothing comes from a table of product names: peak bandwidth is 2 · memory clock · bus width / 8, both as NVML says.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import platform
import statistics
import time
from contextlib import suppress
from pathlib import Path

import torch

from suite.device import nvml, provenance
from suite.record.machine import Machine

ASSUMED_CACHE = {"cuda": 128 << 20, "cpu": 32 << 20}
"""Bytes. No GPU has a larger L2 (a B200 has 126 MiB). Too large a guess costs memory; too small a one is not cold."""

LEAST_CACHE, MOST_CACHE = 1 << 18, 4 << 30
"""Bytes of a last-level cache that can be: virtual machines tell of others, 0 and 64 GiB among them."""

CORE = Path("/sys/devices/system/cpu/cpu0")
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def describe(kind: str) -> Machine:
    """The machine as it is now; kind: "cuda" for the current CUDA device, "cpu" for the host."""
    common = {
        "host_cpu": _cpu_name(),
        "python": platform.python_version(),
        "versions": provenance.versions(),
        "commit": provenance.commit(),
        "tree_clean": provenance.tree_clean(),
        "cache_bytes": cache_bytes(kind),
        "cache_assumed": _told_cache_bytes(kind) is None,
    }
    return Machine(**(_cuda() if kind == "cuda" else _cpu()), **common)


def cache_bytes(kind: str) -> int:
    """Bytes of the device's last cache before memory; ASSUMED_CACHE where the device names none that can be."""
    return _told_cache_bytes(kind) or ASSUMED_CACHE[kind]


def _told_cache_bytes(kind: str) -> int | None:
    if kind == "cuda":
        told = int(torch.cuda.get_device_properties(torch.cuda.current_device()).L2_cache_size)
    else:
        told = last_level_cache_bytes()
    return told if LEAST_CACHE <= told <= MOST_CACHE else None


def uuid(kind: str) -> str:
    """The UUID of the current CUDA device; empty on the CPU."""
    return str(torch.cuda.get_device_properties(torch.cuda.current_device()).uuid) if kind == "cuda" else ""


def card(uuid: str) -> str:
    """What a record calls this very card: a hash, since a UUID is nobody else's business."""
    return hashlib.sha256(uuid.encode()).hexdigest()[:12]


def _cuda() -> dict[str, object]:
    index = torch.cuda.current_device()
    properties = torch.cuda.get_device_properties(index)
    return {
        "kind": "cuda",
        "name": properties.name,
        "compute_capability": (properties.major, properties.minor),
        "sm_count": properties.multi_processor_count,
        "memory_bytes": properties.total_memory,
        "cuda": torch.version.cuda,
        "event_tick_s": _event_tick(),
        "null_kernel_s": _null_kernel(),
        "empty_node_s": _empty_node(),
        "gpu": card(uuid("cuda")),
        **nvml.facts(),
    }


def _event_tick(pairs: int = 400) -> float:
    """Seconds: the smallest difference between distinct readings of short event intervals."""
    events = [torch.cuda.Event(enable_timing=True) for _ in range(pairs + 1)]
    for event in events:
        event.record()
    torch.cuda.synchronize()
    readings = sorted({start.elapsed_time(end) for start, end in itertools.pairwise(events)})
    steps = [b - a for a, b in itertools.pairwise(readings) if b - a > 1e-7]
    return min(steps, default=readings[0]) / 1e3


def _null_kernel(takes: int = 50) -> float:
    """Seconds between two events around the smallest kernel, all queued behind a device-side delay; the median."""
    scratch = torch.zeros(1, device="cuda")
    readings = []
    for _ in range(takes):
        before, after = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        torch.cuda._sleep(200_000)
        before.record()
        scratch.add_(1)
        after.record()
        torch.cuda.synchronize()
        readings.append(before.elapsed_time(after) / 1e3)
    return statistics.median(readings)


def _empty_node(nodes: int = 500) -> float:
    """Seconds that the smallest kernel takes as one of a graph's chain of nodes: the floor under every launch."""
    scratch = torch.zeros(1, device="cuda")
    stream = torch.cuda.Stream()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.stream(stream):
        scratch.zero_()
        stream.synchronize()
        graph.capture_begin()
        for _ in range(nodes):
            scratch.add_(1)
        graph.capture_end()
        before, after = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        graph.replay()
        before.record()
        graph.replay()
        after.record()
        stream.synchronize()
    return before.elapsed_time(after) / 1e3 / nodes


def _cpu() -> dict[str, object]:
    return {
        "kind": "cpu",
        "name": _cpu_name(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "event_tick_s": time.get_clock_info("perf_counter").resolution,
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    cores = os.cpu_count() or 1
    return f"{named[0] if named else platform.machine()}, {cores} logical cores"


def last_level_cache_bytes() -> int:
    """The largest cache that the kernel lists for the first core; 0 where it lists none."""
    sizes = [0]
    for entry in CORE.glob("cache/index*/size"):
        with suppress(OSError, ValueError, KeyError, IndexError):
            text = entry.read_text(encoding="ascii").strip()
            sizes.append(int(text[:-1]) * UNITS[text[-1]])
    return max(sizes)
