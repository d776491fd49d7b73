"""The form of operands: all that choosing and compiling a kernel depends on, so that both are done once for each."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import torch

Prepared = TypeVar("Prepared")

ALIGNMENT = 16  # bytes: the widest access


def form_of(*operands: torch.Tensor) -> Hashable:
    """Shape, strides, dtype, device and alignment of each; never an address."""
    return tuple((t.shape, t.stride(), t.dtype, t.get_device(), t.data_ptr() % ALIGNMENT) for t in operands)


def of_form(
    kept: dict[Hashable, Prepared],
    prepare: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], Prepared],
    a: torch.Tensor,
    b: torch.Tensor,
    out: torch.Tensor,
) -> Prepared:
    """What prepare made of operands of this form; it is asked once for each, and raises what it raises."""
    form = form_of(a, b, out)
    found = kept.get(form)
    if found is None:
        found = kept[form] = prepare(a, b, out)
    return found
