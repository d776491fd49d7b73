"""torch.compile of the broadcast product: TorchInductor fuses the multiplication and the copy into one kernel."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from types import FunctionType

import torch

from backends import Launch

MODE = "default"
"""Of torch.compile. "max-autotune-no-cudagraphs" lets Inductor time more block sizes for its kernel."""

ALIGNMENT = 16
"""Bytes. Inductor compiles for the alignment of the first operands, and copies later ones that have less of it."""


def product(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """What is compiled."""
    return out.copy_(a[:, None] * b)


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """See backends.Backend.bind. Takes every dtype and stride; enqueues on torch's current stream, as Inductor does."""
    if out.numel() == 0:
        return lambda: out
    run = compiled(_form(a), _form(b), _form(out))
    run(a, b, out)  # compiles, where these are the first operands of their form
    return lambda: run(a, b, out)


@functools.cache
def compiled(*forms: Hashable) -> Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]:
    """One compiled function for all operands of these forms. With fullgraph it raises where it would run eagerly.

    torch counts recompilations by code object, and stops at eight: each form gets a code object of its own.
    """
    own = FunctionType(product.__code__.replace(), product.__globals__, product.__name__)
    return torch.compile(own, fullgraph=True, dynamic=False, mode=MODE)


def _form(operand: torch.Tensor) -> Hashable:
    """All that the generated code depends on."""
    return operand.shape, operand.stride(), operand.dtype, operand.device, operand.data_ptr() % ALIGNMENT
