"""The form of operands: all that choosing and compiling a kernel depends on, so that both are done once for each."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

ALIGNMENT = 16  # bytes: the widest access


def form_of(*operands: torch.Tensor) -> Hashable:
    """Shape, strides, dtype, device and alignment of each; never an address."""
    return tuple((t.shape, t.stride(), t.dtype, t.get_device(), t.data_ptr() % ALIGNMENT) for t in operands)
