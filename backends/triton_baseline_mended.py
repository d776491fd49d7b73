# mypy: allow-untyped-defs, allow-incomplete-defs
"""The untuned 2-D tile of triton_baseline with the grid taken from the chosen config, so that it covers C."""

import torch
import triton

from backends.triton_baseline import TUNING, arguments, wide_tile

wide_tile_covered = triton.autotune(**TUNING)(wide_tile)  # its own tuner: a winner on the other grid is none on this


def launch_arguments(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor):
    """The same four as triton_tuned.launch_arguments, with a grid that covers C."""
    rows, cols = out.shape
    return (
        wide_tile_covered,
        lambda meta: (triton.cdiv(rows, meta["BLOCK_N"]), triton.cdiv(cols, 4 * meta["BLOCK_M"])),
        arguments(a, b, out),
        "tile",
    )
