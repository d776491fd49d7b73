"""CuPy broadcasting: cupy.multiply(a[:, None], b, out=out)."""

from __future__ import annotations

import cupy
import torch

from backends import Launch
from backends.cupy_rawkernel import RawStream


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """See backends.Backend. Takes any strides; no bfloat16, which CuPy does not read from torch."""
    if out.numel() == 0:
        return lambda: out
    with cupy.cuda.Device(out.device.index):
        column, matrix, target = cupy.asarray(a)[:, None], cupy.asarray(b), cupy.asarray(out)
        queue = cupy.cuda.Stream.from_external(RawStream(stream))
        with queue:
            cupy.multiply(column, matrix, out=target)  # compiles

    def launch() -> torch.Tensor:
        with queue:
            cupy.multiply(column, matrix, out=target)
        return out

    return launch
