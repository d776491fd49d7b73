"""What a kernel ought to do on a device, from its machine code and the device's numbers alone; nothing is measured.

Three statements, each of which a report can put beside a measurement, error and all:
- Warps active: blocks of one duration, dealt out in whole waves; the mean of the warps resident over the launch.
- DRAM bound: bytes / peak. No launch that finds its operands in DRAM can be faster.
- Time: bytes / the lesser of two bandwidths. One is what a plain copy reaches, as a share of the peak. The other is
  what the loads in flight sustain by Little's law, bytes in flight / latency. The count of a thread's loads does not
  say how many are in flight: at least one, at most as many as its registers hold. So the time is a range.

Not modelled: launch overhead, spills, hits in L2, accesses that are not coalesced, conflicts in DRAM, tuned configs.
untuned_tile.py models those of them that the one published profile of an RTX 4090 is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod

from suite.evidence.devices import DeviceNumbers
from suite.evidence.occupancy import WARP_THREADS
from suite.record.compiled import Compiled
from suite.record.machine import Machine

LATENCY_S = 1.2e-6
"""How long a load from busy DRAM takes.

CUB's transform wants 12, 16, 32, 48 and 64 KiB in flight per SM to saturate a V100, A100, H100, H200 and B200. At their
peaks those last 1.1 to 1.35 us. Source: arch_to_min_bytes_in_flight in CCCL's tuning_transform.cuh.
"""

REGISTER_BYTES = 4


@dataclass(frozen=True)
class Prediction:
    """One kernel on one device; nothing of it is measured."""

    waves: float
    warps_active: float  # of the most that the busy SMs hold; Nsight Compute's sm__warps_active / 100
    bytes_in_flight: tuple[float, float]  # per SM, with one load of each thread in flight and with all
    bytes_needed: float  # per SM, in flight, to reach the peak
    dram_s: float  # the DRAM bound
    time_s: tuple[float, float] | None  # with all of a thread's loads in flight, and with one; None: no copy share
    limit: str


def numbers(machine: Machine) -> DeviceNumbers | None:
    """The numbers of a machine that was measured; None where it is no GPU or does not say its peak."""
    if machine.compute_capability is None or machine.sm_count is None or machine.peak_bytes_per_s is None:
        return None
    return DeviceNumbers(
        machine.compute_capability,
        machine.name,
        machine.sm_count,
        machine.cache_bytes,
        machine.peak_bytes_per_s,
        machine.memory_bytes,
    )


def predict(compiled: Compiled, bytes_moved: int, device: DeviceNumbers, copy_share: float | None = None) -> Prediction:
    """The kernel on a device of the compute capability that it was compiled for, its operands in DRAM.

    copy_share: the share of the peak that a plain copy of so many bytes reaches, on this device or, for want of it,
    on another.
    """
    blocks = prod(compiled.grid)
    waves = blocks / (compiled.blocks_per_sm * device.sm_count)
    resident = compiled.warps_per_block * blocks / ceil(waves)  # warps on the whole device, mean over the launch
    loaded = (resident * WARP_THREADS * per_thread for per_thread in _bytes_loaded(compiled))
    one, most = (each / device.sm_count for each in loaded)
    needed = device.peak_bytes_per_s * LATENCY_S / device.sm_count
    dram_s = bytes_moved / device.peak_bytes_per_s
    reachable = 1.0 if copy_share is None else copy_share
    shares = [min(reachable, in_flight / needed) for in_flight in (most, one)]
    return Prediction(
        waves=waves,
        warps_active=resident / (min(blocks, device.sm_count) * compiled.max_warps),
        bytes_in_flight=(one, most),
        bytes_needed=needed,
        dram_s=dram_s,
        time_s=None if copy_share is None or not one else (dram_s / shares[0], dram_s / shares[1]),
        limit=_limit(one, most, needed * reachable) + ("; its spills are not modelled" if compiled.spill_bytes else ""),
    )


def _bytes_loaded(compiled: Compiled) -> tuple[int, int]:
    """Bytes of one thread in flight: of one of its widest loads, and of all of them that its registers can take.

    The widest loads are B's. A's are not counted: one value serves many threads.
    """
    bits = max(map(int, compiled.global_load_bits), default=0)
    one, count = bits // 8, compiled.global_load_bits.get(str(bits), 0)
    return one, max(one, min(one * count, compiled.registers * REGISTER_BYTES))


def _limit(one: float, most: float, enough: float) -> str:
    if not most:
        return "unknown: no global load counted"
    if one >= enough:
        return "DRAM bandwidth"
    return "bytes in flight" + (", unless a thread's loads overlap" if most >= enough else "")
