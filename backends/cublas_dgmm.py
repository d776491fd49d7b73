"""cuBLAS: ?dgmm, the product with a diagonal matrix, called through the C interface of the library that torch loaded.

CuPy refuses cuBLAS while a stream is captured; the C interface can be captured. cuBLAS counts in columns: a row-major C
of N rows is its M x N matrix, which diag(A) multiplies from the right.
"""

from __future__ import annotations

import ctypes
import functools
from ctypes import c_char_p, c_int, c_int64, c_void_p
from typing import NamedTuple

import torch

from backends import Launch, Unsupported

ROUTINES = {torch.float32: "cublasSdgmm_64", torch.float64: "cublasDdgmm_64"}
LEFT, RIGHT = 0, 1
"""cublasSideMode_t: the side that diag(x) stands on."""


class Sides(NamedTuple):
    """C as cuBLAS sees it: its matrices are `rows` x `columns`, one column after another."""

    diagonal: int  # LEFT or RIGHT
    rows: int
    columns: int
    b_pitch: int  # elements from one column to the next
    out_pitch: int


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """See backends.Backend.bind.

    Unsupported: b and out that are not both row-major or both column-major, and rows or columns that overlap.
    """
    if out.numel() == 0:
        return lambda: out
    seen = sides(b, out)
    library, owner = cublas(), handle(out.get_device())
    name = ROUTINES[out.dtype]
    routine, set_stream, queue = getattr(library, name), library.cublasSetStream_v2, c_void_p(stream)
    arguments = (
        *(owner, c_int(seen.diagonal), c_int64(seen.rows), c_int64(seen.columns)),
        *(c_void_p(b.data_ptr()), c_int64(seen.b_pitch), c_void_p(a.data_ptr()), c_int64(a.stride(0))),
        *(c_void_p(out.data_ptr()), c_int64(seen.out_pitch)),
    )

    def launch() -> torch.Tensor:
        require(set_stream(owner, queue), "cublasSetStream")
        require(routine(*arguments), name)
        return out

    launch.operands = (a, b)  # type: ignore[attr-defined]  # their memory must outlive the addresses
    return launch


def sides(b: torch.Tensor, out: torch.Tensor) -> Sides:
    """How to call a routine that knows column-major matrices only. Raises Unsupported."""
    rows, cols = out.shape
    for diagonal, inner in ((RIGHT, 1), (LEFT, 0)):
        pitches = _pitch(b, inner), _pitch(out, inner)
        if all(pitches):
            return Sides(diagonal, *((cols, rows) if diagonal == RIGHT else (rows, cols)), *pitches)
    raise Unsupported("cuBLAS takes b and out with contiguous rows, or both with contiguous columns")


def _pitch(matrix: torch.Tensor, inner: int) -> int:
    """Elements between two of its rows (inner=1) or columns (inner=0); 0 where those are not contiguous or overlap."""
    length, outer = matrix.shape[inner], 1 - inner
    pitch = matrix.stride(outer) if matrix.shape[outer] > 1 else max(1, length)
    return pitch if pitch >= length and (length <= 1 or matrix.stride(inner) == 1) else 0


@functools.cache
def cublas() -> ctypes.CDLL:
    """The library that torch works with, found by its name among those that are loaded. Raises Unsupported."""
    name = f"libcublas.so.{(torch.version.cuda or 'none').split('.')[0]}"
    try:
        library = ctypes.CDLL(name)
    except OSError:
        raise Unsupported(f"{name}, which this torch was built for, is not to be found") from None
    library.cublasGetStatusString.restype = c_char_p
    return library


@functools.cache
def handle(device: int) -> c_void_p:
    """cuBLAS's handle for a device, which is the current one."""
    made = c_void_p()
    require(cublas().cublasCreate_v2(ctypes.byref(made)), "cublasCreate")
    return made


def require(status: int, call: str) -> None:
    """Raises RuntimeError for a status that is no success, with cuBLAS's own words."""
    if status:
        raise RuntimeError(f"{call}: {cublas().cublasGetStatusString(c_int(status)).decode()} (status {status})")
