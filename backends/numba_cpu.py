"""Numba on the CPU: @njit(parallel=True) over chunks of C along its memory."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit, prange, typeof

from backends import Launch, Unsupported, named

CHUNK = 16384  # elements of one parallel task: enough to hide its start, few enough that 64 rows feed every core
DTYPES = (torch.float32, torch.float64)


@njit(parallel=True)
def scale_runs(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """out[i, j] = a[i] · b[i, j], j along memory."""
    chunks = (out.shape[1] + CHUNK - 1) // CHUNK
    for task in prange(out.shape[0] * chunks):
        i, begin = task // chunks, task % chunks * CHUNK
        for j in range(begin, min(begin + CHUNK, out.shape[1])):
            out[i, j] = a[i] * b[i, j]


@njit(parallel=True)
def scale_elementwise(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """out[i, j] = a[j] · b[i, j], j along memory."""
    chunks = (out.shape[1] + CHUNK - 1) // CHUNK
    for task in prange(out.shape[0] * chunks):
        i, begin = task // chunks, task % chunks * CHUNK
        for j in range(begin, min(begin + CHUNK, out.shape[1])):
            out[i, j] = a[j] * b[i, j]


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """Bind the operands as backends.Backend.bind says. Unsupported: every dtype but float32 and float64."""
    if out.dtype not in DTYPES:
        raise Unsupported(f"Numba has no {str(out.dtype).removeprefix('torch.')} arithmetic on the CPU")
    if out.numel() == 0:
        return named(lambda: out)
    by_row = out.stride(1) <= out.stride(0)
    kernel = scale_runs if by_row else scale_elementwise
    arrays = [t.detach().numpy() for t in ((a, b, out) if by_row else (a, b.T, out.T))]
    kernel.compile(tuple(typeof(array) for array in arrays))

    def launch() -> torch.Tensor:
        kernel(*arrays)
        return out

    return named(launch, "runs are rows" if by_row else "runs are columns")
