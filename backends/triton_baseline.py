# mypy: allow-untyped-defs, allow-incomplete-defs
"""The untuned 2-D tile that this project started from, written anew; its grid is kept as it was, and is wrong.

The grid counts tiles of 128 x 128; the configs have 64, 128 or 256 rows and four times 64, 128 or 256 columns. Those
of 64 rows leave the lower half of C unwritten, and win the autotuning because they do half of the work. Those that
cover C hold 128 or 256 elements in one thread, so that registers let one block onto an SM.
`triton_baseline_mended` has the grid right.
"""

import torch
import triton
import triton.language as tl

from backends import Unsupported

GRID_TILE = 128
LARGEST_GRID = 65_535  # blocks in the second dimension
TUNING = {
    "configs": [
        triton.Config({"BLOCK_N": 256, "BLOCK_M": 64}, num_warps=8),
        triton.Config({"BLOCK_N": 128, "BLOCK_M": 64}, num_warps=8),
        triton.Config({"BLOCK_N": 128, "BLOCK_M": 128}, num_warps=8),
        triton.Config({"BLOCK_N": 64, "BLOCK_M": 128}, num_warps=8),
        triton.Config({"BLOCK_N": 64, "BLOCK_M": 256}, num_warps=8),
    ],
    "key": ["rows", "cols"],
    # A fifth of Triton's own patience: its configs differ by far more than that scatters.
    "do_bench": lambda call, quantiles: triton.testing.do_bench(call, warmup=5, rep=20, quantiles=quantiles),
}


@triton.jit
def wide_tile(
    a_ptr,
    b_ptr,
    out_ptr,
    rows,
    cols,
    a_stride,
    b_row,
    b_col,
    out_row,
    out_col,
    BLOCK_N: tl.constexpr,
    BLOCK_M: tl.constexpr,
):
    """BLOCK_N rows and 4 · BLOCK_M columns per program, all in registers at once."""
    i = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)
    j = tl.program_id(1) * (4 * BLOCK_M) + tl.arange(0, 4 * BLOCK_M)
    inside = (i < rows)[:, None] & (j < cols)[None, :]
    scale = tl.load(a_ptr + i * a_stride, i < rows)
    b = tl.load(b_ptr + i[:, None] * b_row + j[None, :] * b_col, inside)
    tl.store(out_ptr + i[:, None] * out_row + j[None, :] * out_col, scale[:, None] * b, inside)


wide_tile_half_covered = triton.autotune(**TUNING)(wide_tile)


def arguments(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor):
    """wide_tile's, up to the tuned ones. Raises Unsupported where 32-bit indices or the grid would overflow."""
    rows, cols = out.shape
    spans = [sum((n - 1) * s for n, s in zip(t.shape, t.stride(), strict=True)) for t in (a, b, out)]
    if max(rows * cols, *spans) >= 2**30:  # half of 2^31: a grid of 128 with tiles of 256 overshoots C by as much again
        raise Unsupported("indices are 32 bits wide: operands that span 2^30 elements are too large")
    if cols > LARGEST_GRID * GRID_TILE:
        raise Unsupported(f"the grid's second dimension ends at {LARGEST_GRID} blocks: {cols} columns are too many")
    return (a, b, out, rows, cols, a.stride(0), *b.stride(), *out.stride())


def launch_arguments(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor):
    """The same four as triton_tuned.launch_arguments, with the grid as it was."""
    rows, cols = out.shape
    grid = (triton.cdiv(rows, GRID_TILE), triton.cdiv(cols, GRID_TILE))
    return wide_tile_half_covered, lambda meta: grid, arguments(a, b, out), "tile, grid of 128 x 128"
