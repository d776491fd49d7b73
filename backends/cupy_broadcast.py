"""CuPy broadcasting: cupy.multiply(a[:, None], b, out=out)."""

from __future__ import annotations

import cupy
import torch

from backends import Launch
from backends.cupy_rawkernel import RawStream


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """See backends.Backend.bind. Takes every stride; CuPy has no bfloat16."""
    if out.numel() == 0:
        return lambda: out
    column, matrix, product = cupy.asarray(a[:, None]), cupy.asarray(b), cupy.asarray(out)
    queue = cupy.cuda.Stream.from_external(RawStream(stream))

    def launch() -> torch.Tensor:
        with queue:
            cupy.multiply(column, matrix, out=product)
        return out

    return launch
