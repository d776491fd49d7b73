"""Theoretical occupancy: how many warps of a kernel one SM can hold, and what keeps the next block out.

The arithmetic is that of `cudaOccMaxActiveBlocksPerMultiprocessor` in the CUDA toolkit's cuda_occupancy.h;
tests/test_occupancy.py compiles that and compares with it. Not modelled: clusters, and a shared memory carve-out that
was set smaller than the largest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from backends import DiagbenchError
from suite.evidence.devices import DEVICES, Capability

WARP_THREADS = 32
BLOCK_THREADS = 1024
SM_REGISTERS = 64 * 1024
SM_PARTITIONS = 4  # each holds a quarter of the registers, and a warp stays in one
REGISTER_UNIT = 256  # a warp's registers are allocated in multiples of it
SHARED_UNIT = 128  # a block's shared memory likewise, in bytes
SHARED_RESERVED = 1024  # bytes of every block's shared memory that the system keeps


class UnknownCapability(DiagbenchError, ValueError):
    """A compute capability, or the SM count of its device, is not known here; the message says what is."""


class DoesNotFit(ValueError):
    """One block asks for more than a whole SM has, so a launch would fail."""


@dataclass(frozen=True)
class Limits:
    """The most that one SM holds at a time."""

    warps: int
    blocks: int
    shared_bytes: int


LIMITS: dict[Capability, Limits] = {
    (8, 0): Limits(64, 32, 164 * 1024),
    (8, 6): Limits(48, 16, 100 * 1024),
    (8, 9): Limits(48, 24, 100 * 1024),
    (9, 0): Limits(64, 32, 228 * 1024),
    (10, 0): Limits(64, 32, 228 * 1024),
    (12, 0): Limits(48, 24, 100 * 1024),
}
"""CUDA C++ Programming Guide, "Compute Capabilities", table "Technical Specifications per Compute Capability"."""


@dataclass(frozen=True)
class Occupancy:
    """What one SM holds of a kernel."""

    blocks_per_sm: int
    warps_per_block: int
    max_warps: int
    limiter: str  # registers, threads, blocks or shared memory; several, joined by a comma, where they tie

    @property
    def active_warps(self) -> int:
        """Warps resident on one SM."""
        return self.blocks_per_sm * self.warps_per_block

    @property
    def fraction(self) -> float:
        """Resident warps / the most that the SM can hold: Nsight Compute's theoretical occupancy."""
        return self.active_warps / self.max_warps


def parse(text: str) -> Capability:
    """The capability of a text such as "8.9". Raises UnknownCapability."""
    found = re.fullmatch(r"(\d+)\.(\d)", text)
    capability = (int(found[1]), int(found[2])) if found else None
    if capability not in LIMITS:
        known = ", ".join(map(dotted, LIMITS))
        raise UnknownCapability(f"unknown compute capability {text}; choose from {known}")
    return capability


def dotted(capability: Capability) -> str:
    """The capability as NVIDIA writes it: 8.9."""
    return f"{capability[0]}.{capability[1]}"


def limits(capability: Capability) -> Limits:
    """The limits of one SM. Raises UnknownCapability."""
    return LIMITS[parse(dotted(capability))]


def sm_count(capability: Capability) -> int:
    """The SMs of the capability's device in devices.DEVICES. Raises UnknownCapability where there is none."""
    if capability not in DEVICES:
        raise UnknownCapability(
            f"no device of compute capability {dotted(capability)} is known here: give its number of SMs, --sms"
        )
    return DEVICES[capability].sm_count


def occupancy(capability: Capability, threads: int, registers: int, shared_bytes: int = 0) -> Occupancy:
    """The occupancy of blocks of so many threads, with so many registers per thread and shared bytes per block.

    shared_bytes is static and dynamic together, without the system's SHARED_RESERVED.
    Raises UnknownCapability, and DoesNotFit where not even one block can be resident.
    """
    sm = limits(capability)
    warps = -(-threads // WARP_THREADS)
    room = {
        "threads": sm.warps // warps if threads <= BLOCK_THREADS else 0,
        "registers": _resident_warps_by_registers(registers) // warps,
        "blocks": sm.blocks,
        "shared memory": sm.shared_bytes // _round_up(shared_bytes + SHARED_RESERVED, SHARED_UNIT),
    }
    blocks = min(room.values())
    limiter = ", ".join(resource for resource, fits in room.items() if fits == blocks)
    if blocks == 0:
        raise DoesNotFit(
            f"a block of {threads} threads, {registers} registers each and {shared_bytes} bytes of shared memory "
            f"does not fit an SM of compute capability {dotted(capability)} ({limiter})"
        )
    return Occupancy(blocks, warps, sm.warps, limiter)


def _resident_warps_by_registers(registers: int) -> int:
    per_warp = _round_up(registers * WARP_THREADS, REGISTER_UNIT)
    return SM_REGISTERS // SM_PARTITIONS // per_warp * SM_PARTITIONS


def _round_up(value: int, unit: int) -> int:
    return -(-value // unit) * unit
