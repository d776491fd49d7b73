"""cuBLAS's own product with a diagonal matrix, ?dgmm, by its C interface from the library that torch has loaded.

CuPy's interface to it refuses to be captured into a CUDA graph; the library itself does not.
"""

from __future__ import annotations

import ctypes
import functools
from typing import NamedTuple

import torch

from backends import Launch, Unsupported, named

LEFT, RIGHT = 0, 1  # cublasSideMode_t: C = diag(x) · A, C = A · diag(x), of column-major A and C
ROUTINES = {torch.float32: "cublasSdgmm_64", torch.float64: "cublasDdgmm_64"}


class CublasError(RuntimeError):
    """cuBLAS refused a call; the message has its status (cublasStatus_t)."""


class Arguments(NamedTuple):
    """What ?dgmm takes between its handle and its pointers, as counts of elements."""

    side: int
    m: int
    n: int
    b_leading: int
    a_step: int
    out_leading: int


@functools.cache
def library() -> ctypes.CDLL:
    """The libcublas of torch's CUDA version. Raises Unsupported where it is not to be found."""
    name = f"libcublas.so.{(torch.version.cuda or '').split('.')[0]}"
    try:
        found = ctypes.CDLL(name)
    except OSError:
        raise Unsupported(f"{name}, which this torch was built for, is not to be found") from None
    found.cublasGetStatusString.restype = ctypes.c_char_p
    return found


def check(status: int, call: str) -> None:
    """Raises CublasError unless the status is CUBLAS_STATUS_SUCCESS."""
    if status:
        raise CublasError(f"{call} returned status {status}: {library().cublasGetStatusString(status).decode()}")


@functools.cache
def handle_of(device: int, stream: int) -> ctypes.c_void_p:
    """A handle on this device, the current one, that enqueues on this stream; kept as long as the process."""
    handle = ctypes.c_void_p()
    check(library().cublasCreate_v2(ctypes.byref(handle)), "cublasCreate")
    check(library().cublasSetStream_v2(handle, ctypes.c_void_p(stream)), "cublasSetStream")
    return handle


def arguments(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> Arguments:
    """How ?dgmm sees these operands: a row-major matrix is the transpose of a column-major one.

    Raises Unsupported for strides that BLAS has no words for.
    """
    rows, cols = out.shape
    if rows > 1 and a.stride(0) == 0:
        raise Unsupported("cuBLAS has no diagonal whose elements are one and the same")
    step = a.stride(0) if rows > 1 else 1
    for side, m, n, along, across in ((RIGHT, cols, rows, 1, 0), (LEFT, rows, cols, 0, 1)):
        leading = [m if n == 1 else t.stride(across) for t in (b, out)]
        if all(m == 1 or t.stride(along) == 1 for t in (b, out)) and min(leading) >= m:
            return Arguments(side, m, n, leading[0], step, leading[1])
    raise Unsupported("cuBLAS takes b and out with rows, or columns, of adjacent elements, both alike")


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """Bind the operands as backends.Backend.bind says. Unsupported: see arguments."""
    if out.numel() == 0:
        return named(lambda: out)
    side, m, n, b_leading, a_step, out_leading = arguments(a, b, out)
    name = ROUTINES[out.dtype]
    routine = getattr(library(), name)
    counts, pointer = ctypes.c_int64, ctypes.c_void_p
    routine.argtypes = (pointer, ctypes.c_int, counts, counts, pointer, counts, pointer, counts, pointer, counts)
    addresses = (b.data_ptr(), a.data_ptr(), out.data_ptr())
    call = (handle_of(out.device.index or 0, stream), side, m, n, addresses[0], b_leading, addresses[1], a_step)

    def launch() -> torch.Tensor:
        check(routine(*call, addresses[2], out_leading), name)
        return out

    return named(launch, f"diagonal on the {'left' if side == LEFT else 'right'}", operands=(a, b))
