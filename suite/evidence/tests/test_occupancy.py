"""The occupancy calculator against published figures and against NVIDIA's own cuda_occupancy.h."""

from __future__ import annotations

import importlib.util
import itertools
import shutil
import subprocess
from pathlib import Path

import pytest

from suite.evidence.devices import Capability
from suite.evidence.occupancy import LIMITS, DoesNotFit, UnknownCapability, limits, occupancy

KiB = 1024


@pytest.mark.parametrize(
    ("capability", "threads", "registers", "shared_bytes", "blocks", "active", "most", "limiter"),
    [
        # the untuned baseline: its published profile on an RTX 4090 reads 16.35 % warps active
        ((8, 9), 256, 255, 0, 1, 8, 48, "registers"),
        ((9, 0), 256, 255, 0, 1, 8, 64, "registers"),
        ((8, 9), 128, 32, 0, 12, 48, 48, "threads"),
        ((9, 0), 128, 32, 0, 16, 64, 64, "threads, registers"),
        ((8, 9), 32, 32, 0, 24, 24, 48, "blocks"),
        ((8, 6), 32, 32, 0, 16, 16, 48, "blocks"),
        # 48 KiB and the reserved 1 KiB go twice into 100 KiB, and four times into 228 KiB
        ((8, 9), 128, 32, 48 * KiB, 2, 8, 48, "shared memory"),
        ((9, 0), 128, 32, 48 * KiB, 4, 16, 64, "shared memory"),
        # the largest block and the most shared memory that one may have
        ((8, 9), 1024, 64, 99 * KiB, 1, 32, 48, "threads, registers, shared memory"),
        # 33 registers are allocated as 40: 12 warps per SM partition
        ((9, 0), 128, 33, 0, 12, 48, 64, "registers"),
        # the last warp of a block is whole
        ((8, 9), 33, 16, 0, 24, 48, 48, "threads, blocks"),
    ],
)
def test_known_values(
    capability: Capability,
    threads: int,
    registers: int,
    shared_bytes: int,
    blocks: int,
    active: int,
    most: int,
    limiter: str,
) -> None:
    held = occupancy(capability, threads, registers, shared_bytes)
    assert (held.blocks_per_sm, held.active_warps, held.max_warps, held.limiter) == (blocks, active, most, limiter)
    assert held.fraction == active / most


@pytest.mark.parametrize(
    ("threads", "registers", "shared_bytes", "why"),
    [(1056, 16, 0, "threads"), (512, 255, 0, "registers"), (128, 32, 99 * KiB + 1, "shared memory")],
)
def test_a_block_that_fits_nowhere_is_refused(threads: int, registers: int, shared_bytes: int, why: str) -> None:
    with pytest.raises(DoesNotFit, match=rf"8\.9 \({why}\)$"):
        occupancy((8, 9), threads, registers, shared_bytes)


def test_an_unknown_capability_names_the_known_ones() -> None:
    with pytest.raises(UnknownCapability, match=r"unknown compute capability 1\.3; choose from 8\.0, .*8\.9"):
        limits((1, 3))


PROGRAM = """
#include "cuda_occupancy.h"
#include <cstdio>
int main() {
    int major, minor, warps, shared_sm, threads, registers, shared;
    while (std::scanf("%d %d %d %d %d %d %d", &major, &minor, &warps, &shared_sm, &threads, &registers, &shared) == 7) {
        cudaOccDeviceProp sm;
        sm.computeMajor = major;
        sm.computeMinor = minor;
        sm.maxThreadsPerBlock = 1024;
        sm.maxThreadsPerMultiprocessor = 32 * warps;
        sm.regsPerBlock = sm.regsPerMultiprocessor = 65536;
        sm.warpSize = 32;
        sm.sharedMemPerBlock = 48 << 10;
        sm.sharedMemPerMultiprocessor = shared_sm;
        sm.sharedMemPerBlockOptin = shared_sm - 1024;
        sm.reservedSharedMemPerBlock = 1024;
        sm.numSms = 1;
        cudaOccFuncAttributes kernel;
        kernel.maxThreadsPerBlock = 1024;
        kernel.numRegs = registers;
        kernel.shmemLimitConfig = FUNC_SHMEM_LIMIT_OPTIN;
        kernel.maxDynamicSharedSizeBytes = shared;
        kernel.numBlockBarriers = 1;
        cudaOccDeviceState state;
        cudaOccResult result;
        if (cudaOccMaxActiveBlocksPerMultiprocessor(&result, &sm, &kernel, &state, threads, shared)) return 1;
        std::printf("%d\\n", result.activeBlocksPerMultiprocessor);
    }
}
"""

GRID = list(
    itertools.product(
        LIMITS, (32, 33, 64, 96, 128, 160, 256, 384, 512, 1000, 1024), range(16, 256), (0, 1, 4096, 20000, 99 * KiB)
    )
)


def test_agrees_with_nvidias_header(tmp_path: Path) -> None:
    program = _build(tmp_path)
    lines = (
        f"{major} {minor} {limits((major, minor)).warps} {limits((major, minor)).shared_bytes} "
        f"{threads} {registers} {shared}"
        for (major, minor), threads, registers, shared in GRID
    )
    answer = subprocess.run([program], input="\n".join(lines), capture_output=True, text=True, check=True, timeout=600)
    assert [_blocks(*kernel) for kernel in GRID] == [int(line) for line in answer.stdout.split()]


def _blocks(capability: Capability, threads: int, registers: int, shared_bytes: int) -> int:
    try:
        return occupancy(capability, threads, registers, shared_bytes).blocks_per_sm
    except DoesNotFit:
        return 0


def _build(folder: Path) -> Path:
    compiler, triton = shutil.which("g++"), importlib.util.find_spec("triton")
    if compiler is None or triton is None or triton.origin is None:
        pytest.skip("needs g++ and Triton's copy of cuda_occupancy.h")
    include = Path(triton.origin).parent / "backends/nvidia/include"
    source, program = folder / "occupancy.cpp", folder / "occupancy"
    source.write_text(PROGRAM, encoding="utf-8")
    command = [compiler, "-w", f"-I{include}", str(source), "-o", str(program)]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return program
