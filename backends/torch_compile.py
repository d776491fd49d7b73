"""torch.compile of the broadcast product: Inductor writes one Triton kernel for these very shapes and strides."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

# One small kernel at a time: a pool of compiling processes would only disturb what is measured beside it.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

import torch

from backends import Launch


def product(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> None:
    """out = diag(a) · b, for Inductor to fuse."""
    out.copy_(a[:, None] * b)


@functools.lru_cache(maxsize=1)
def compiled(*operands: tuple[Any, ...]) -> Callable[..., None]:
    """The compiled product for operands that are alike in all that it is compiled for.

    Everything compiled before is forgotten: past a limit of recompilations of one function torch.compile gives up.
    With fullgraph it raises then, and so for every part that it could not compile, instead of running it eagerly.
    """
    torch.compiler.reset()
    return torch.compile(product, fullgraph=True, dynamic=False)


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """See backends.Backend. Takes every dtype and stride; enqueues on torch's current stream."""
    alike = ((t.dtype, t.device, t.shape, t.stride(), t.data_ptr() % 16) for t in (a, b, out))
    kernel = compiled(*alike)
    kernel(a, b, out)

    def launch() -> torch.Tensor:
        kernel(a, b, out)
        return out

    return launch
