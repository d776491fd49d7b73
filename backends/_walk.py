"""How a kernel that computes its own addresses walks C: along out's memory, 16 bytes per thread where they can be had.

Shared by the CUDA C++ and the Numba backend, whose kernels come from the same templates and take the same arguments.

`divider`, `dram_per_sm` and the block sizes stand in triton_tuned too, because that file is pasted without this one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch

from backends import Unsupported

VECTOR_BYTES = 16  # the widest access of one thread up to compute capability 9.0
LARGE_BLOCK, SMALL_BLOCK = 512, 256
"""Threads per block: small where a launch is a part of a wave, and where DRAM is fast, as in triton_tuned.

Either number divides the most threads that an SM holds, at every compute capability (1024, 1536 or 2048)."""

FAST_DRAM = 30e9  # bytes/s for each SM, as in triton_tuned
SMALL = 1 / 16  # of the L2: that is B and C of a part of a wave

BFLOAT16_CAPABILITY = (8, 0)  # the first with bfloat16 arithmetic


@dataclass(frozen=True)
class Walk:
    """C as `outer` runs of `inner` elements that follow out's smaller stride. Strides and `shift` count elements."""

    by_row: bool  # a run is a row, so a's index is the outer one; else a run is a column and a's index the inner one
    outer: int
    inner: int
    a_stride: int
    b_strides: tuple[int, int]  # of the outer and of the inner index
    out_strides: tuple[int, int]
    flat: bool  # b and out are dense in this order and alike in alignment: one flat index serves both
    lanes: int  # elements per thread: 16 bytes of them, or 1
    shift: int  # flat: elements between the 16-byte boundary at or before out's first element and that element
    whole: bool  # flat: no vector crosses the end of a run (and of a, by column, all vectors are aligned)
    cached: bool  # L2 holds B and C: C is then to leave it first, so that the next launch finds B there
    block: int  # threads

    @property
    def size(self) -> int:
        """Elements of C."""
        return self.outer * self.inner

    @property
    def threads(self) -> int:
        """Vectors (or elements, with one lane) to compute."""
        if self.flat:
            return -(-(self.size + self.shift) // self.lanes)
        return self.outer * self.vectors_per_run

    @property
    def vectors_per_run(self) -> int:
        """Vectors in each run of a strided walk, in which no vector crosses from one run into the next."""
        return -(-self.inner // self.lanes)

    @property
    def grid(self) -> tuple[int, int, int]:
        """Blocks. One dimension of up to 2**31 - 1 blocks reaches past every memory there is."""
        return (-(-self.threads // self.block), 1, 1)

    @property
    def wide(self) -> bool:
        """Whether the element index of some thread, idle ones included, is beyond what `divider` divides."""
        return self.grid[0] * self.block * self.lanes > 2**31

    @property
    def template(self) -> Template:
        """The kernel template that this walk takes."""
        if self.flat:
            return Template("flat", self.by_row, self.whole, self.wide, self.cached)
        return Template("strided", self.by_row, self.lanes > 1, self.wide, self.cached)

    @property
    def arguments(self) -> tuple[int, ...]:
        """The integers that the kernel takes after its three pointers."""
        magic, bits = divider(self.inner if self.flat else self.vectors_per_run)
        if self.flat:
            return (self.size, self.inner, self.shift, magic, bits)
        return (self.outer, self.inner, self.a_stride, *self.b_strides, *self.out_strides, magic, bits)

    @property
    def form(self) -> str:
        """The kernel's form in words, for records."""
        shape = ("flat, whole vectors" if self.whole else "flat, ragged") if self.flat else "strided"
        order = "row" if self.by_row else "column"
        width = f"{VECTOR_BYTES} bytes" if self.lanes > 1 else "1 element"
        kept = "C leaves L2 first, " if self.cached else ""
        return (
            f"{shape}, {width} per thread, by {order}, {kept}{64 if self.wide else 32}-bit index, {self.block} threads"
        )


class Template(NamedTuple):
    """One kernel among the forms of its backend; what is left open is the element's type."""

    name: str  # "flat" or "strided"
    by_row: bool
    vectors: bool  # flat: `whole`; strided: 16 bytes per thread, else one element
    wide: bool
    cached: bool


def divider(divisor: int) -> tuple[int, int]:
    """(magic, bits) by which a kernel divides without a division.

    n // divisor == (n + (n · magic >> 32)) >> bits for 0 <= n < 2^31. Both mean nothing for a divisor beyond 2^31; the
    `wide` kernels, which alone meet one, do not use them.
    After Granlund and Montgomery, "Division by invariant integers using multiplication", 1994.
    """
    bits = (divisor - 1).bit_length()
    return 2**32 * (2**bits - divisor) // divisor + 1, bits


def of_l2(out: torch.Tensor) -> float:
    """B and C as a share of the L2 of out's device; infinite where there is none to ask."""
    if out.device.type != "cuda":
        return math.inf
    l2_bytes: int = torch.cuda.get_device_properties(out.device).L2_cache_size
    return 2 * out.numel() * out.element_size() / max(l2_bytes, 1)


def threads_per_block(device: torch.device, share: float) -> int:
    """Threads in each block, where B and C together are this share of the device's L2."""
    return SMALL_BLOCK if share <= SMALL or dram_per_sm(device) >= FAST_DRAM else LARGE_BLOCK


def dram_per_sm(device: torch.device) -> float:
    """Peak bytes/s between DRAM and each SM; 0 where there is no device to ask."""
    if device.type != "cuda":
        return 0.0
    gpu = torch.cuda.get_device_properties(device)  # its clock in kHz, at twice the data rate; its width in bits
    rate: float = 2e3 * gpu.memory_clock_rate * gpu.memory_bus_width / 8 / gpu.multi_processor_count
    return rate


def walk(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> Walk:
    """The Walk of these operands, any strides and alignment."""
    rows, cols = out.shape
    by_row = rows == 1 or (cols != 1 and out.stride(1) <= out.stride(0))
    order = (0, 1) if by_row else (1, 0)
    outer, inner = (out.shape[dim] for dim in order)

    def strides(tensor: torch.Tensor) -> tuple[int, int]:
        """Strides of the outer and the inner index; an index that is always 0 gets the stride of a dense array."""
        steps = [tensor.stride(dim) for dim in order]
        return (inner if outer == 1 else steps[0], 1 if inner == 1 else steps[1])

    a_stride = 1 if rows == 1 else a.stride(0)
    b_strides, out_strides = strides(b), strides(out)
    lanes = VECTOR_BYTES // out.element_size()
    a_shift, b_shift, out_shift = (tensor.data_ptr() % VECTOR_BYTES // tensor.element_size() for tensor in (a, b, out))
    flat = b_strides == out_strides == (inner, 1) and a_stride == 1 and b_shift == out_shift
    runs_aligned = not (b_shift or out_shift or b_strides[0] % lanes or out_strides[0] % lanes)
    share = of_l2(out)
    vectors = flat or (runs_aligned and b_strides[1] == out_strides[1] == 1)
    return Walk(
        by_row=by_row,
        outer=outer,
        inner=inner,
        a_stride=a_stride,
        b_strides=b_strides,
        out_strides=out_strides,
        flat=flat,
        lanes=lanes if vectors else 1,
        shift=out_shift if flat else 0,
        whole=flat and out_shift == 0 and inner % lanes == 0 and (by_row or a_shift == 0),
        cached=share <= 1,
        block=threads_per_block(out.device, share),
    )


def walk_contiguous(rows: int, cols: int, dtype: str) -> Walk:
    """The Walk of contiguous operands that start on 16-byte boundaries, no memory needed."""
    a, b = (torch.empty(shape, dtype=getattr(torch, dtype), device="meta") for shape in ((rows,), (rows, cols)))
    return walk(a, b, b)


def require_arithmetic(dtype: str, capability: tuple[int, int]) -> None:
    """Raises Unsupported for a dtype that the kernels cannot multiply on this compute capability."""
    if dtype == "bfloat16" and capability < BFLOAT16_CAPABILITY:
        needed, present = (".".join(map(str, version)) for version in (BFLOAT16_CAPABILITY, capability))
        raise Unsupported(f"bfloat16 needs compute capability {needed}, this device has {present}")
