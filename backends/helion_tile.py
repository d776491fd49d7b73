"""Helion: one kernel for lines of any strides and one for dense operands, each with a config chosen by hand.

Helion writes a Triton kernel for the very shapes and strides that it is given. So a row's number costs a division by
a constant, and no operand is converted.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import helion
import helion.language as hl
import torch
import triton

from backends import Compiled, named
from backends._triton_compile import compile_kernel

if TYPE_CHECKING:
    from backends import Launch

WARPS = 4  # per program
VECTOR_BYTES = 16  # per thread, the widest access
THREADS = 32 * WARPS


def flat(a, b, out, width: hl.constexpr, by_line: hl.constexpr):  # type: ignore[no-untyped-def]
    """b and out: (lines · width,); a has an element for each line, or for each place within one."""
    for tile in hl.tile(b.size(0)):
        if by_line:
            out[tile] = a[tile.index // width] * b[tile]
        else:
            out[tile] = a[tile.index % width] * b[tile]


def lines(a, b, out, by_line: hl.constexpr):  # type: ignore[no-untyped-def]
    """b and out: (lines, width); a has an element for each line, or for each place within one."""
    for line, place in hl.tile([b.size(0), b.size(1)]):
        if by_line:
            out[line, place] = a[line][:, None] * b[line, place]
        else:
            out[line, place] = a[place][None, :] * b[line, place]


@functools.cache
def kernel_of(function: Callable[..., None], index: torch.dtype) -> Any:
    """The Helion kernel of `flat` or `lines`; Helion itself would choose the index by elements, and not see gaps."""
    return helion.kernel(function, static_shapes=True, index_dtype=index)


@dataclass(frozen=True)
class Tiling:
    """How these operands are computed."""

    function: Callable[..., None]  # flat or lines
    arguments: tuple[Any, ...]  # as that takes them
    blocks: tuple[int, ...]  # elements of a tile

    @property
    def index(self) -> torch.dtype:
        """int32 where every offset fits it."""
        reach = [sum((n - 1) * s for n, s in zip(t.shape, t.stride(), strict=True)) for t in self.arguments[:3]]
        return torch.int32 if max(reach) + THREADS * VECTOR_BYTES < 2**31 else torch.int64

    @property
    def form(self) -> str:
        """This tiling in words, for records."""
        order = "row" if self.arguments[-1] else "column"
        tile = " × ".join(map(str, self.blocks))
        bits = torch.iinfo(self.index).bits
        return f"{self.function.__name__}, by {order}, tile {tile}, {WARPS} warps, {bits}-bit index"

    def generated(self) -> tuple[Any, tuple[int, int, int], tuple[Any, ...], dict[str, Any]]:
        """Helion's Triton kernel, and the grid, the arguments and the options that its host code launches it with."""
        recorded = []

        def record(kernel: Any, grid: tuple[int], *arguments: Any, **options: Any) -> None:
            recorded.append((kernel, (*grid, 1, 1), arguments, options))

        config = helion.Config(block_sizes=[*self.blocks], num_warps=WARPS)
        host = kernel_of(self.function, self.index).bind(self.arguments).compile_config(config)
        host(*self.arguments, _launcher=record)
        (launch,) = recorded
        return launch


def tiling(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> Tiling:
    """The Tiling of these operands, any strides; reads shapes and strides only. out must not be empty."""
    rows, cols = out.shape
    block = THREADS * VECTOR_BYTES // out.element_size()
    by_row = rows == 1 or (cols > 1 and out.stride(1) <= out.stride(0))
    if not by_row:  # lines are columns
        b, out = b.t(), out.t()
    if b.is_contiguous() and out.is_contiguous():
        return Tiling(flat, (a, b.view(-1), out.view(-1), out.size(1), by_row), (block,))
    if out.size(0) > 1 and 0 < b.stride(0) < b.stride(1):  # lines of out cross those of b: Triton turns the tile round
        return Tiling(lines, (a, b, out, by_row), (32, block // 32))
    width = min(block, triton.next_power_of_2(out.size(1)))
    return Tiling(lines, (a, b, out, by_row), (block // width, width))


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """Bind the operands as backends.Backend.bind says; any strides."""
    if out.numel() == 0:
        return named(lambda: out)
    chosen = tiling(a, b, out)
    kernel, grid, arguments, options = chosen.generated()
    with torch.cuda.device_of(out):
        compiled = kernel.warmup(*arguments, grid=grid, **options)
        enqueue = (compiled or kernel)[grid]  # Triton's interpreter compiles nothing

    def launch() -> torch.Tensor:
        enqueue(*arguments, stream=stream)
        return out

    return named(launch, chosen.form)


def compile_for(rows: int, cols: int, dtype: str, capability: tuple[int, int]) -> Compiled:
    """What bind would launch on contiguous, aligned operands; no device."""
    a, b = (torch.empty(shape, dtype=getattr(torch, dtype), device="meta") for shape in ((rows,), (rows, cols)))
    chosen = tiling(a, b, b)
    kernel, grid, arguments, options = chosen.generated()
    return compile_kernel(kernel, arguments, grid, options, capability, chosen.form)
