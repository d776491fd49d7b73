"""Reading a cubin: what cuobjdump says of its kernel's resources and its SASS, and how many of its blocks fit an SM."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections import Counter
from math import prod
from pathlib import Path

import backends
from suite.cases import Case
from suite.evidence.devices import Capability
from suite.evidence.occupancy import SHARED_RESERVED, occupancy
from suite.record.compiled import Compiled
from suite.scratch import Scratch
from suite.worker.process import dependent

RESOURCES = r"Function {kernel}:\s+REG:(\d+) STACK:(\d+) SHARED:(\d+) LOCAL:(\d+)"
ACCESS = re.compile(r"^\s*/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?(LDGSTS|LDG?|STG?)((?:\.\w+)*)\s", re.MULTILINE)
"""A line of SASS that reads or writes global memory (LD and ST are generic): its opcode, and the modifiers of that."""

WIDTHS = {"U8": 8, "S8": 8, "U16": 16, "S16": 16, "64": 64, "128": 128, "256": 256}
"""Bits of an access by the modifier that says so; without one it is 32."""


class MissingTool(backends.DiagbenchError):
    """There is no cuobjdump here; the message says how to get it."""


class Unreadable(RuntimeError):
    """cuobjdump could not make out the kernel in a cubin."""


def cuobjdump() -> Path:
    """Triton's own cuobjdump, else the CUDA toolkit's on PATH. Raises MissingTool."""
    triton = importlib.util.find_spec("triton")
    if triton is not None and triton.origin is not None:
        bundled = Path(triton.origin).parent / "backends/nvidia/bin/cuobjdump"
        if bundled.exists():
            return bundled
    on_path = shutil.which("cuobjdump")
    if on_path is None:
        raise MissingTool("no cuobjdump here: `pip install triton` brings one, and so does the CUDA toolkit")
    return Path(on_path)


def disassemble(cubin: bytes, kernel: str) -> str:
    """The kernel's resource usage and its SASS, as cuobjdump words them. Raises MissingTool, Unreadable."""
    with Scratch() as folder:
        path = Path(folder, "kernel.cubin")
        path.write_bytes(cubin)
        command = [str(cuobjdump()), "-res-usage", "-sass", "-fun", kernel, str(path)]
        done = subprocess.run(dependent(command), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unreadable(f"cuobjdump cannot read the cubin of {kernel}: {done.stderr}")
    return done.stdout


def resources(text: str, kernel: str, capability: Capability) -> tuple[int, int, int]:
    """Registers and bytes of local memory per thread, bytes of static shared memory per block. Raises Unreadable."""
    found = re.search(RESOURCES.format(kernel=re.escape(kernel)), text)
    if found is None:
        raise Unreadable(f"cuobjdump finds no kernel {kernel} in the cubin")
    registers, stack, shared, local = map(int, found.groups())
    # From 9.0 on, the system's share is counted in the cubin of a kernel that has shared memory.
    reserved = SHARED_RESERVED if capability >= (9, 0) else 0
    return registers, stack + local, max(shared - reserved, 0)


def access_bits(sass: str) -> tuple[dict[str, int], dict[str, int]]:
    """How many global loads, and how many stores, there are of each width in bits, widest first."""
    loads: Counter[int] = Counter()
    stores: Counter[int] = Counter()
    for opcode, modifiers in ACCESS.findall(sass):
        bits = next((WIDTHS[word] for word in modifiers.split(".") if word in WIDTHS), 32)
        (loads if opcode.startswith("LD") else stores)[bits] += 1
    return _widest_first(loads), _widest_first(stores)


def _widest_first(counts: Counter[int]) -> dict[str, int]:
    return {str(bits): counts[bits] for bits in sorted(counts, reverse=True)}


def read(made: backends.Compiled, backend: str, case: Case, capability: Capability, sms: int) -> Compiled:
    """What a cubin says of its kernel, and how a device of this capability with so many SMs would hold it.

    Raises MissingTool, Unreadable, and occupancy's UnknownCapability and DoesNotFit.
    """
    text = disassemble(made.cubin, made.kernel)
    registers, local_bytes, static_shared = resources(text, made.kernel, capability)
    loads, stores = access_bits(text)
    shared = static_shared + made.dynamic_shared_bytes
    held = occupancy(capability, prod(made.block), registers, shared)
    return Compiled(
        backend=backend,
        case=case.id,
        compute_capability=capability,
        kernel=made.kernel,
        config=made.config,
        grid=made.grid,
        block=made.block,
        registers=registers,
        spill_bytes=local_bytes,
        shared_bytes=shared,
        global_load_bits=loads,
        global_store_bits=stores,
        warps_per_block=held.warps_per_block,
        blocks_per_sm=held.blocks_per_sm,
        occupancy=held.fraction,
        active_warps=held.active_warps,
        max_warps=held.max_warps,
        limiter=held.limiter,
        sm_count=sms,
        waves=prod(made.grid) / (held.blocks_per_sm * sms),
    )
