"""CuPy broadcasting: cupy.multiply(a[:, None], b, out=out)."""

from __future__ import annotations

from collections.abc import Hashable

import cupy
import torch

from backends import Enqueue
from backends.cupy_rawkernel import RawStream

_COMPILED: set[Hashable] = set()
"""Forms of operands that CuPy has been asked for, so that no later bind launches."""


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Enqueue:
    """Bind the operands as backends.Backend.bind says.

    Takes any strides; no bfloat16, which CuPy does not read from torch.
    """
    if out.numel() == 0:
        return lambda: out
    with cupy.cuda.Device(out.device.index):
        column, matrix, target = cupy.asarray(a)[:, None], cupy.asarray(b), cupy.asarray(out)
        queue = cupy.cuda.Stream.from_external(RawStream(stream))
        form = out.device, out.dtype, out.shape, a.stride(), b.stride(), out.stride()
        if form not in _COMPILED:
            with queue:
                cupy.multiply(column, matrix, out=target)
            _COMPILED.add(form)

    def launch() -> torch.Tensor:
        with queue:
            cupy.multiply(column, matrix, out=target)
        return out

    return launch
