"""PyTorch broadcasting: torch.mul(a[:, None], b, out=out)."""

from __future__ import annotations

import torch

from backends import Enqueue


def fresh(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """The product in a new tensor, as everyone writes it."""
    return a.unsqueeze(1) * b


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Enqueue:
    """Bind the operands as backends.Backend.bind says.

    Takes every dtype, stride and device; enqueues on torch's current stream.
    """
    column = a[:, None]
    return lambda: torch.mul(column, b, out=out)
