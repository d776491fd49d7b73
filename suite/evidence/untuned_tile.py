"""The untuned tile as it ran on an RTX 4090, predicted counter by counter and held against its published profile.

triton_baseline's grid is fixed at 32 × 32 programs for 4096 × 4096, whatever the size of its tile. The configs with 64
rows, which won its tuning, then reach 2048 rows: half of B is read, half of C written. Most programs lie outside of C.
Masked off, they issue every instruction and touch no operand. Both halves together fit the 72 MiB of L2, so what is
written does not reach DRAM while the kernel runs. That is why model.predict, which counts all bytes as DRAM's, says
43 % of DRAM throughput where the profile reads half of that.

What the model takes of a config, Triton's compiler says: TILES, which a test compiles anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from suite.cases import HEADLINE
from suite.evidence.devices import RTX_4090
from suite.evidence.model import LATENCY_S
from suite.evidence.ncu import METRICS

PUBLISHED = {
    "launch__grid_size": 1024.0,
    "sm__warps_active": 16.35,
    "dram__throughput": 20.6,
    "sm__throughput": 8.26,
    "lts__t_sector_hit_rate": 66.6,
}
"""What Nsight Compute counted of the tile on an RTX 4090 at 4096 × 4096 float32: blocks, and percent.

Source: the profile that was published with the tile before this project rewrote it. It names neither the config that
its tuner chose, nor the clock, nor what ncu did with caches; ncu's defaults are assumed.
"""

CLOCK_HZ = 2.235e9
"""To which ncu locks the SMs by default: the base clock. NVIDIA, Ada whitepaper, appendix A, GeForce RTX 4090."""

GRID = (32, 32)  # 4096 / triton_baseline.GRID_TILE
SCHEDULERS = 4  # per SM, each issues an instruction of a warp per cycle
WARP_THREADS, VECTOR_BYTES, ITEMSIZE = 32, 16, 4

Range = tuple[float, float]


@dataclass(frozen=True)
class Tile:
    """One config of the tile, as compiled for sm_89."""

    compiler: str
    config: str
    rows: int  # of a program's tile
    cols: int
    warps: int  # per program
    registers: int
    blocks_per_sm: int
    max_warps: int
    instructions: int  # of a thread; without a branch, so that masked-off programs issue them all
    spilled_bytes: int  # that a thread stores to local memory
    reloaded_bytes: int  # that it loads from there

    @property
    def useful(self) -> int:
        """The programs of GRID that reach C."""
        across, down = ceil(HEADLINE.cols / self.cols), ceil(HEADLINE.rows / self.rows)
        return min(GRID[0], down) * min(GRID[1], across)

    @property
    def half_bytes(self) -> int:
        """What is read of B, and as much that is written of C."""
        return min(HEADLINE.rows, GRID[0] * self.rows) * HEADLINE.cols * ITEMSIZE

    def time_s(self) -> Range:
        """With all of a thread's accesses in flight, and with one at a time; masked-off programs included.

        All in flight, DRAM's peak is the bound. One at a time is Little's law over loads and stores.
        """
        threads = RTX_4090.sm_count * self.blocks_per_sm * self.warps * WARP_THREADS
        one_at_a_time = 2 * self.half_bytes * LATENCY_S / (threads * VECTOR_BYTES)
        waves = ceil((GRID[0] * GRID[1] - self.useful) / (RTX_4090.sm_count * self.blocks_per_sm))
        masked_off = waves * self.blocks_per_sm * self.issue_cycles / CLOCK_HZ
        return self.dram_bytes / RTX_4090.peak_bytes_per_s + masked_off, one_at_a_time + masked_off

    @property
    def issue_cycles(self) -> float:
        """Cycles in which an SM issues a program's instructions, at best."""
        return self.instructions * self.warps / SCHEDULERS

    @property
    def dram_bytes(self) -> int:
        """What is read, and of what is written that which L2 cannot hold beside it."""
        return self.half_bytes + max(0, 2 * self.half_bytes - RTX_4090.l2_bytes)

    def predicted(self) -> dict[str, Range]:
        """The counters of PUBLISHED, each from its least to its most."""
        programs = GRID[0] * GRID[1]
        fast, slow = self.time_s()
        busy_s = programs * self.issue_cycles / RTX_4090.sm_count / CLOCK_HZ
        dram_s = self.dram_bytes / RTX_4090.peak_bytes_per_s
        active = 100 * self.blocks_per_sm * self.warps / self.max_warps
        return {
            "launch__grid_size": (programs, programs),
            "sm__warps_active": (active, active),
            "dram__throughput": (100 * dram_s / slow, 100 * dram_s / fast),
            "sm__throughput": (100 * busy_s / slow, 100 * busy_s / fast),
            "lts__t_sector_hit_rate": self._hit_rate(),
        }

    def _hit_rate(self) -> Range:
        """Writes hit, reads of B miss, spills hit where they leave L1: of no program, and of all that read B.

        A program that reads B sends it through L1, which cannot hold the spills beside it. The others' stay there.
        """
        of_spills = self.useful * self.warps * WARP_THREADS * (self.spilled_bytes + self.reloaded_bytes)
        most = (self.half_bytes + of_spills) / (2 * self.half_bytes + of_spills)
        return 50.0, 100 * most


TILES = (
    Tile(
        compiler="Triton 3.7.1",
        config="BLOCK_N 64, BLOCK_M 128, 8 warps",
        rows=64,
        cols=512,
        warps=8,
        registers=174,
        blocks_per_sm=1,
        max_warps=48,
        instructions=633,
        spilled_bytes=0,
        reloaded_bytes=0,
    ),
    Tile(
        compiler="Triton 3.7.1",
        config="BLOCK_N 64, BLOCK_M 256, 8 warps",
        rows=64,
        cols=1024,
        warps=8,
        registers=255,
        blocks_per_sm=1,
        max_warps=48,
        instructions=1427,
        spilled_bytes=360,
        reloaded_bytes=360,
    ),
)
"""The configs that leave half of C unwritten. The profile does not say which of them ran."""

HEADS = ("config", "compiled by", "counter", "unit", "predicted", "published", "error")


def rows(tiles: Sequence[Tile]) -> list[tuple[str, ...]]:
    """Under HEADS, each counter's prediction and publication; error: predicted / published - 1, at both ends."""
    return [
        (tile.config, tile.compiler, name, METRICS[name].unit, *_compared(predicted, PUBLISHED[name]))
        for tile in tiles
        for name, predicted in tile.predicted().items()
    ]


def _compared(predicted: Range, published: float) -> tuple[str, str, str]:
    least, most = predicted
    errors = [f"{100 * (each / published - 1):+.1f} %" for each in (least, most)]
    if least == most:
        return f"{least:.4g}", f"{published:.4g}", errors[0]
    return f"{least:.3g} to {most:.3g}", f"{published:.4g}", f"{errors[0]} to {errors[1]}"


def compile_tiles() -> tuple[Tile, ...]:
    """The same as Triton compiles them now; needs Triton, and no GPU."""
    from backends.triton_baseline import GRID_TILE, TUNING

    configs: Any = TUNING["configs"]
    return tuple(_compiled(config) for config in configs if config.kwargs["BLOCK_N"] < GRID_TILE)


def _compiled(config: Any) -> Tile:
    import torch
    import triton

    from backends import _triton_compile as triton_compile
    from backends._triton_launch import config_text
    from backends.triton_baseline import arguments, wide_tile
    from suite.evidence import cubin

    shapes = ((HEADLINE.rows,), (HEADLINE.rows, HEADLINE.cols), (HEADLINE.rows, HEADLINE.cols))
    operands = [torch.empty(shape, dtype=torch.float32, device="meta") for shape in shapes]
    given = (*arguments(*operands), *config.kwargs.values())
    options = {"num_warps": config.num_warps}
    made = triton_compile.compile_kernel(wide_tile, given, (*GRID, 1), options, RTX_4090.capability, "")
    read = cubin.read(made, "triton_baseline", HEADLINE, RTX_4090.capability, RTX_4090.sm_count)
    sass = cubin.disassemble(made.cubin, made.kernel)
    return Tile(
        compiler=f"Triton {triton.__version__}",
        config=config_text(config),
        rows=config.kwargs["BLOCK_N"],
        cols=4 * config.kwargs["BLOCK_M"],
        warps=config.num_warps,
        registers=read.registers,
        blocks_per_sm=read.blocks_per_sm,
        max_warps=read.max_warps,
        instructions=len(_opcodes(sass)),
        spilled_bytes=_local_bytes(sass, "STL"),
        reloaded_bytes=_local_bytes(sass, "LDL"),
    )


def _opcodes(sass: str) -> list[str]:
    """The instructions up to the kernel's end, after which SASS is padded."""
    found = re.findall(r"^\s*/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?([A-Z][\w.]*)", sass, re.MULTILINE)
    return found[: found.index("EXIT") + 1]


def _local_bytes(sass: str, opcode: str) -> int:
    words = {"64": 8, "128": 16}
    found = [each.split(".") for each in _opcodes(sass) if each.split(".")[0] == opcode]
    return sum(next((words[part] for part in each if part in words), 4) for each in found)
