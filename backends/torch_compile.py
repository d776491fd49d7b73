"""torch.compile of the broadcast product: TorchInductor fuses the multiplication and the copy into one kernel."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable
from types import FunctionType

# One small kernel at a time: a pool of compiling processes would only disturb what is measured beside it.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

import torch
from torch._dynamo.eval_frame import _debug_get_cache_entry_list

from backends import Launch

Product = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]

MODE = "default"
"""Of torch.compile. "max-autotune-no-cudagraphs" lets Inductor time more block sizes for its kernel."""

ALIGNMENT = 16
"""Bytes. Inductor compiles for the alignment of the first operands, and copies later ones that have less of it."""

_COMPILED: dict[Hashable, Product] = {}
"""By the form of the operands, so that the many operand sets of one case share one function."""


def product(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """What is compiled."""
    return out.copy_(a[:, None] * b)


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """See backends.Backend.bind. Takes every dtype and stride; enqueues on torch's current stream, as Inductor does."""
    if out.numel() == 0:
        return lambda: out
    form = _form(a), _form(b), _form(out)
    run = _COMPILED.get(form) or _COMPILED.setdefault(form, compiled(a, b, out))
    return lambda: run(a, b, out)


def compiled(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> Product:
    """The product compiled for operands of this form, by running it on them. Never falls back to eager.

    torch counts recompilations by code object, and stops at eight: this one has a code object of its own. fullgraph
    raises where torch gives up, but not, before torch 2.13, where compiling is switched off. Raises RuntimeError then.
    """
    own = FunctionType(product.__code__.replace(), product.__globals__, product.__name__)
    run = torch.compile(own, fullgraph=True, dynamic=False, mode=MODE)
    run(a, b, out)
    if not _debug_get_cache_entry_list(own.__code__):
        raise RuntimeError("torch.compile is switched off here: it ran the product eagerly")
    return run


def _form(operand: torch.Tensor) -> Hashable:
    """All that the generated code depends on."""
    return operand.shape, operand.stride(), operand.dtype, operand.device, operand.data_ptr() % ALIGNMENT
