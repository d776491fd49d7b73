"""What a compiler made of one kernel, read from its machine code."""

from __future__ import annotations

from suite.record.typed import Typed


class Compiled(Typed):
    """What a compiler made of one backend for one case and compute capability, read from the cubin."""

    backend: str
    case: str
    compute_capability: tuple[int, int]
    kernel: str
    config: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    registers: int  # per thread
    spill_bytes: int  # local memory per thread
    shared_bytes: int  # static and dynamic, per block
    global_load_bits: dict[str, int]  # width of a load in bits -> how many such instructions, e.g. {"128": 4}
    global_store_bits: dict[str, int]
    warps_per_block: int
    blocks_per_sm: int
    occupancy: float  # theoretical: resident warps / the most an SM holds
    active_warps: int  # the numerator
    max_warps: int  # the denominator
    limiter: str  # registers, threads, blocks or shared memory: what keeps more blocks out
    sm_count: int
    waves: float  # grid / (blocks_per_sm · sm_count)
