"""Numba on the CPU: @njit(parallel=True) over chunks of C along its memory; 16-bit types by their bits."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import llvmlite.binding
import numpy as np
import torch
from llvmlite import ir  # type: ignore[import-untyped,import-not-found,unused-ignore]
from numba import njit, prange, typeof, types
from numba.extending import intrinsic

from backends import Unsupported, named

if TYPE_CHECKING:
    from backends import Launch

CHUNK = 16384  # elements of one parallel task: enough to hide its start, few enough that 64 rows feed every core


@intrinsic
def product_of_halves(typingctx, x, y):  # type: ignore[no-untyped-def]
    """The product of two float16 by their bits, rounded once: in float32 it is exact."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        wide = [builder.fpext(builder.bitcast(bits, ir.HalfType()), ir.FloatType()) for bits in args]
        return builder.bitcast(builder.fptrunc(builder.fmul(*wide), ir.HalfType()), ir.IntType(16))

    return types.uint16(types.uint16, types.uint16), codegen


@intrinsic
def product_of_brains(typingctx, x, y):  # type: ignore[no-untyped-def]
    """The product of two bfloat16 by their bits, which are the upper half of a float32; rounded to even.

    A NaN needs no care. Its lower half is that of a factor or of the processor's own NaN, zero: so nothing is carried.
    """

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        word = ir.IntType(32)
        wide = [builder.bitcast(builder.shl(builder.zext(bits, word), word(16)), ir.FloatType()) for bits in args]
        bits = builder.bitcast(builder.fmul(*wide), word)
        odd = builder.and_(builder.lshr(bits, word(16)), word(1))
        rounded = builder.add(builder.add(bits, word(0x7FFF)), odd)
        return builder.trunc(builder.lshr(rounded, word(16)), ir.IntType(16))

    return types.uint16(types.uint16, types.uint16), codegen


@njit
def tasks(shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """(runs, their width, how many short ones go together in one task, the tasks of each long one)."""
    runs, width = shape
    return runs, width, max(1, CHUNK // width), (width + CHUNK - 1) // CHUNK


PRODUCTS: dict[torch.dtype, Callable[[Any, Any], Any]] = {
    torch.float32: operator.mul,
    torch.float64: operator.mul,
    torch.float16: product_of_halves,
    torch.bfloat16: product_of_brains,
}


@functools.cache
def kernel_of(dtype: torch.dtype, by_row: bool) -> Any:
    """The kernel that multiplies runs of C along memory: rows by one element of A, or columns by all of it."""
    product = PRODUCTS[dtype]

    @njit(parallel=True)
    def scale(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        runs, width, together, chunks = tasks(out.shape)
        for task in prange((runs + together - 1) // together * chunks):
            first, begin = task // chunks * together, task % chunks * CHUNK
            end = min(begin + CHUNK, width)
            for i in range(first, min(first + together, runs)):
                x, y = b[i, begin:end], out[i, begin:end]  # LLVM vectorises a loop over views alone
                if by_row:  # known when it is compiled
                    factor = a[i]
                    for j in range(len(y)):
                        y[j] = product(factor, x[j])
                else:
                    factors = a[begin:end]
                    for j in range(len(y)):
                        y[j] = product(factors[j], x[j])

    return scale


def array_of(operand: torch.Tensor) -> np.ndarray:
    """The operand's memory as numpy's array, of unsigned integers where numpy or Numba lacks the type."""
    if operand.element_size() == 2:
        return operand.detach().view(torch.int16).numpy().view(np.uint16)
    return operand.detach().numpy()


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """Bind the operands as backends.Backend.bind says. Unsupported: float16 on a CPU that does not convert it."""
    if out.dtype == torch.float16 and not llvmlite.binding.get_host_cpu_features().get("f16c", True):
        raise Unsupported("this CPU does not convert float16 (F16C)")
    if out.numel() == 0:
        return named(lambda: out)
    by_row = out.stride(1) <= out.stride(0)
    kernel = kernel_of(out.dtype, by_row)
    arrays = [array_of(t) for t in ((a, b, out) if by_row else (a, b.T, out.T))]
    kernel.compile(tuple(typeof(array) for array in arrays))

    def launch() -> torch.Tensor:
        kernel(*arrays)
        return out

    return named(launch, "runs are rows" if by_row else "runs are columns")
