"""The devices whose numbers are known without one: what compiled code is held against where no such device is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it brings pydantic, which the numbers below can do without
    from suite.record.machine import Machine

Capability = tuple[int, int]
"""Compute capability as (major, minor)."""


@dataclass(frozen=True)
class DeviceNumbers:
    """A device as it is sold, or as a machine told; the limits of its SMs are occupancy.LIMITS."""

    capability: Capability
    name: str  # as the driver says it
    sm_count: int
    l2_bytes: int
    peak_bytes_per_s: float
    memory_bytes: int

    def describes(self, machine: Machine) -> bool:
        """Whether the machine is this very device; older drivers leave "NVIDIA" out of the name."""
        same_name = machine.name.removeprefix("NVIDIA ") == self.name.removeprefix("NVIDIA ")
        return same_name and machine.compute_capability == self.capability


RTX_4090 = DeviceNumbers((8, 9), "NVIDIA GeForce RTX 4090", 128, 72 << 20, 1008e9, memory_bytes=24 << 30)
"""NVIDIA, "NVIDIA Ada GPU Architecture" whitepaper, appendix A: 128 SMs, 73,728 KB of L2, 1008 GB/s, 24 GB."""

H100_SXM = DeviceNumbers((9, 0), "NVIDIA H100 80GB HBM3", 132, 50 << 20, 3352e9, memory_bytes=80 << 30)
"""NVIDIA, "NVIDIA H100 Tensor Core GPU Architecture" whitepaper: 132 SMs, 50 MB of L2, 80 GB. The peak is 2 ·
2619 MHz · 5120 bits / 8, the clock and the width being what NVML says of one."""

DEVICES: dict[Capability, DeviceNumbers] = {each.capability: each for each in (RTX_4090, H100_SXM)}
"""The device that is meant by a compute capability unless another is given."""
