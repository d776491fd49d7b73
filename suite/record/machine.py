"""The machine that a record was measured on, and its state at one moment."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from suite.record.typed import Bytes, Count, Positive, Typed


class Machine(Typed):
    """What a run was measured on, asked of the machine itself."""

    kind: Literal["cuda", "cpu"]
    name: str = Field(min_length=1)  # the device's own name, e.g. "NVIDIA H100 80GB HBM3"
    compute_capability: tuple[int, int] | None = None
    sm_count: Count | None = None
    cache_bytes: Bytes  # L2 of a GPU, last-level cache of a CPU
    cache_assumed: bool = False  # the device names no size that can be, so this one is a guess
    memory_bytes: Bytes
    peak_bytes_per_s: Positive | None = None  # 2 · memory clock · bus width / 8; None where the device does not say
    memory_clock_mhz: int | None = None
    memory_bus_bits: int | None = None
    power_limit_w: Positive | None = None  # what the board may draw, as enforced; None in older records too
    driver: str | None = None
    cuda: str | None = None  # the CUDA runtime that torch was built with
    event_tick_s: float | None = None  # smallest non-zero step seen between two events, or of the host clock
    null_kernel_s: float | None = None  # the smallest kernel between two events: what one launch costs at least
    empty_node_s: float | None = None  # an empty kernel as a node of a CUDA graph
    host_cpu: str = ""
    python: str = ""
    versions: dict[str, str] = Field(default_factory=dict)  # library -> version, of what is installed
    commit: str = "unknown"
    tree_clean: bool | None = None  # None: git could not be asked
    gpu: str | None = None  # this very card: a hash of its UUID; None in older records
    bus: str | None = None  # the fastest link that card and slot agree on, "PCIe 5 x16"
    clocks_locked: bool | None = None  # somebody set the SM clock, as far as the device tells
    ecc: bool | None = None  # error-correcting memory switched on
    mig: bool | None = None  # a slice of the GPU rather than the whole

    @property
    def slug(self) -> str:
        """The device's name as a folder: lower case, words joined by dashes."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


class State(Typed):
    """The device at one moment of the run, as NVML reads it; a field is None where the device does not say."""

    when: Literal["before", "during", "after"]
    seconds: float  # since the run began
    sm_clock_mhz: int | None = None
    memory_clock_mhz: int | None = None
    temperature_c: int | None = None
    power_w: float | None = None
    slowdown: tuple[str, ...] = ()  # reasons that the device gives for clocks below what was asked, e.g. "thermal"
    other_processes: int | None = None  # on the same GPU, this run's own left out
