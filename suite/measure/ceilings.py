"""The ceilings: plain copies of as many bytes as a case moves, measured in the same rounds as the backends."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence

import torch

from backends import Enqueue
from suite.check.operands import Operands
from suite.measure.plan import CEILINGS


def ceilings(sets: Sequence[Operands]) -> dict[str, tuple[list[Enqueue], str]]:
    """Name -> (one launch per operand set, its form): a device memcpy and a plain vector copy of the case's bytes."""
    pairs = [operands.copy_buffers() for operands in sets]
    memcpy, kernel = CEILINGS
    copy, form = _vector_copy(pairs[0][0].device)
    return {
        memcpy: ([_memcpy(*pair) for pair in pairs], "torch.Tensor.copy_ of flat memory"),
        kernel: ([_launch(copy, *pair) for pair in pairs], form),
    }


def _memcpy(source: torch.Tensor, target: torch.Tensor) -> Enqueue:
    return lambda: target.copy_(source)


def _launch(copy: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], s: torch.Tensor, t: torch.Tensor) -> Enqueue:
    return lambda: copy(s, t)


def _vector_copy(device: torch.device) -> tuple[Callable[[torch.Tensor, torch.Tensor], torch.Tensor], str]:
    """Triton's copy where it is installed, else a vectorised element-wise kernel of PyTorch: the same bytes."""
    if device.type == "cuda" and importlib.util.find_spec("triton") is not None:
        from suite.measure.copy_kernel import copy

        return copy, "Triton copy kernel, 16 bytes per thread"
    return lambda source, target: torch.bitwise_not(
        source, out=target
    ), "torch.bitwise_not, a vectorised element-wise kernel"
