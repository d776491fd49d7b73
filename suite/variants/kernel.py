# mypy: allow-untyped-defs, allow-incomplete-defs
"""The flat kernel of backends/triton_tuned.py with everything that was decided there left open, one knob each.

Row-major B and C whose rows are dense, or start on 16-byte boundaries. Imported only where Triton is installed.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
import triton
import triton.language as tl

from backends import Launch, Unsupported, named
from backends._triton_launch import enqueuer
from backends.triton_tuned import divider
from suite.variants.catalogue import Variant


@triton.jit
def _line(at, width, magic, bits, SHIFT: tl.constexpr, DIVIDES: tl.constexpr):
    """The line of an element: by the hardware's division, or by triton_tuned's multiplication and shift."""
    at = tl.maximum(at, 0) if SHIFT else at
    if DIVIDES:
        line = at // width
    else:
        dividend = at.to(tl.uint32)
        line = ((tl.umulhi(dividend, tl.cast(magic, tl.uint32)) + dividend) >> bits).to(tl.int32)
    return line


@triton.jit
def _scale(a_ptr, line, lines, width, first, VECTOR: tl.constexpr, CROSSING: tl.constexpr):
    """The elements of A that belong to `line`; with CROSSING, those of the next line where a vector reaches it."""
    scale = tl.load(a_ptr + tl.minimum(line, lines - 1))
    if CROSSING:
        following = tl.load(a_ptr + tl.minimum(line + 1, lines - 1))
        scale = tl.where(first - line * width + tl.arange(0, VECTOR)[None, :] < width, scale, following)
    return scale


@triton.jit
def _place(pointer, at, line, gap, VECTOR: tl.constexpr, DENSE: tl.constexpr):
    """Where the elements stand, vector by vector on boundaries; gap: elements between a line and the next."""
    BYTES: tl.constexpr = VECTOR * (pointer.dtype.element_ty.primitive_bitwidth // 8)
    place = pointer + at if DENSE else pointer + line * gap + at
    return tl.max_contiguous(tl.multiple_of(place, (BYTES, BYTES)), (1, VECTOR))


@triton.jit
def scale_variant(
    a_ptr,
    b_ptr,
    out_ptr,
    lines,
    width,  # elements of a line
    total,  # lines · width
    magic,  # with bits: the divisor `width`, see triton_tuned.divider
    bits,
    b_line,  # from line to line, in elements
    out_line,
    VECTOR: tl.constexpr,  # elements that a thread takes at once
    READ: tl.constexpr,  # of A: "uniform", one per block; "whole", one per vector; "crossing", two; "short", one each
    DENSE: tl.constexpr,  # B and C have no gaps between lines
    SHIFT: tl.constexpr,  # elements between a vector boundary and the first of B, and of C alike
    DIVIDES: tl.constexpr,  # by the hardware's integer division
    MASKED: tl.constexpr,  # every access, instead of a branch around the last block
    LOAD_CACHE: tl.constexpr,
    LOAD_EVICT: tl.constexpr,
    STORE_CACHE: tl.constexpr,
    STORE_EVICT: tl.constexpr,
    BLOCK: tl.constexpr,  # vectors per program
):
    """C as one sequence of elements, BLOCK vectors of them per program."""
    start = tl.program_id(0) * (BLOCK * VECTOR) - SHIFT
    first = start + VECTOR * tl.arange(0, BLOCK)[:, None]
    at = first + tl.arange(0, VECTOR)[None, :]
    line = _line(start if READ == "uniform" else at if READ == "short" else first, width, magic, bits, SHIFT, DIVIDES)
    scale = _scale(a_ptr, line, lines, width, first, VECTOR, READ == "crossing")
    b_at = _place(b_ptr, at, line, 0 if DENSE else b_line - width, VECTOR, DENSE)
    out_at = _place(out_ptr, at, line, 0 if DENSE else out_line - width, VECTOR, DENSE)
    inside = (at >= 0) & (at < total)
    if MASKED:
        b = tl.load(b_at, inside, cache_modifier=LOAD_CACHE, eviction_policy=LOAD_EVICT)
        tl.store(out_at, scale * b, inside, cache_modifier=STORE_CACHE, eviction_policy=STORE_EVICT)
    elif (start >= 0) & (start + BLOCK * VECTOR <= total):
        b = tl.load(b_at, cache_modifier=LOAD_CACHE, eviction_policy=LOAD_EVICT)
        tl.store(out_at, scale * b, cache_modifier=STORE_CACHE, eviction_policy=STORE_EVICT)
    else:
        tl.store(out_at, scale * tl.load(b_at, inside), inside)


def plan(variant: Variant, a: torch.Tensor, b: torch.Tensor, out: torch.Tensor):
    """(grid, the kernel's arguments) for these operands. Raises Unsupported where the variant is none of its own."""
    rows, width = out.shape
    vector = variant.vector_bytes // out.element_size()
    size = variant.vectors * vector
    _check_layout(a, b, out, size)
    dense = rows == 1 or b.stride(0) == out.stride(0) == width
    shift = out.data_ptr() % variant.vector_bytes // out.element_size()
    misaligned = shift or any(n % vector for n in (width, b.stride(0), out.stride(0)))
    if b.data_ptr() % variant.vector_bytes != out.data_ptr() % variant.vector_bytes or (misaligned and not dense):
        raise Unsupported("B and C are not vectors at the same places")
    read = reading(variant, width, vector, size, shift)
    sizes = (rows, width, rows * width, *divider(width), b.stride(0), out.stride(0))
    policies = (variant.load_cache, variant.load_evict, variant.store_cache, variant.store_evict)
    knobs = (vector, read, dense, shift, variant.divides, variant.masked, *policies, variant.vectors)
    return (triton.cdiv(rows * width + shift, size), 1, 1), (a, b, out, *sizes, *knobs)


def _check_layout(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, size: int) -> None:
    if out.numel() == 0:
        raise Unsupported("there is nothing to launch")
    if a.stride(0) != 1 or b.stride(1) != 1 or out.stride(1) != 1:
        raise Unsupported("it takes contiguous rows only")
    if max(out.shape[0] * max(b.stride(0), out.stride(0)), out.numel()) + size >= 2**31:
        raise Unsupported("its indices have 32 bits")


def reading(variant: Variant, width: int, vector: int, size: int, shift: int) -> str:
    """How A is read: as the rule of triton_tuned has it, or as the variant wants where that is something else."""
    whole = width % vector == 0 and not shift
    rule = "whole" if whole else "crossing" if width >= vector - 1 else "short"
    if not variant.read:
        return rule
    if variant.read == rule:
        raise Unsupported(f"A is read so here anyway ({rule})")
    if variant.read == "uniform" and (shift or width % size):
        raise Unsupported(f"a block of {size} elements is not within one row")
    if variant.read == "crossing" and width < vector - 1:
        raise Unsupported(f"a vector of {vector} elements reaches through more than two rows")
    return variant.read


def bind(variant: Variant, a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """A launch of the variant on this stream, which has to be torch's current one now. Raises Unsupported."""
    grid, arguments = plan(variant, a, b, out)
    kernel: Any = scale_variant
    compiled = kernel[grid](*arguments, num_warps=variant.warps)
    if compiled is None:  # Triton's interpreter compiles nothing
        enqueue = partial(kernel[grid], *arguments, num_warps=variant.warps)
    else:
        enqueue = enqueuer(compiled, grid, stream, arguments)

    def launch() -> torch.Tensor:
        enqueue()
        return out

    return named(launch)


def compile_only(variant: Variant, a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> None:
    """Leave the compiled variant in Triton's cache on disk, where other processes find it. Raises Unsupported."""
    grid, arguments = plan(variant, a, b, out)
    scale_variant.warmup(*arguments, grid=grid, num_warps=variant.warps)
