"""torch.compile of the broadcast product: TorchInductor fuses the multiplication and the copy into one kernel."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Hashable, Iterable
from types import FunctionType, ModuleType

# One small kernel at a time: a pool of compiling processes would only disturb what is measured beside it.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

import torch
from torch._dynamo.eval_frame import _debug_get_cache_entry_list
from torch._inductor.codecache import PyCodeCache
from torch._inductor.runtime.triton_heuristics import CachingAutotuner

from backends import Launch, Unsupported, named
from backends._form import form_of

Product = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]

MODE = "default"
"""The mode of torch.compile. "max-autotune-no-cudagraphs" lets Inductor time more block sizes for its kernel."""

COMPILERS = (os.environ.get("CXX", "g++"), "clang++")
"""What Inductor compiles C++ with."""

_COMPILED: dict[Hashable, tuple[Product, str]] = {}
"""Form of the operands -> their product and what was chosen. Inductor too compiles for an alignment."""


def product(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """The product that torch.compile is given."""
    return out.copy_(a[:, None] * b)


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """Bind the operands as backends.Backend.bind says.

    Takes every dtype and stride; enqueues on torch's current stream, as Inductor does. Unsupported: on the CPU, where
    there is no C++ compiler.
    """
    if out.numel() == 0:
        return named(lambda: out)
    if not out.is_cuda and not any(map(shutil.which, COMPILERS)):
        raise Unsupported(f"needs a C++ compiler on the CPU: {' or '.join(COMPILERS)}")
    key = form_of(a, b, out)
    if key not in _COMPILED:
        known = len(PyCodeCache.modules)
        run = compiled(a, b, out)
        _COMPILED[key] = run, form(PyCodeCache.modules[known:])
    run, chosen = _COMPILED[key]

    def launch() -> torch.Tensor:
        return run(a, b, out)

    return named(launch, chosen)


def form(modules: Iterable[ModuleType]) -> str:
    """What Inductor's own tuner chose for the Triton kernels in these modules of its making; "" where it made none."""
    kernels = {
        id(value): value for module in modules for value in vars(module).values() if isinstance(value, CachingAutotuner)
    }
    configs = [launcher.config for kernel in kernels.values() for launcher in kernel.launchers]
    return "; ".join(
        ", ".join([*(f"{name} {value}" for name, value in config.kwargs.items()), f"{config.num_warps} warps"])
        for config in configs
    )


def compiled(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> Product:
    """The product compiled for operands of this form, by running it on them. Never falls back to eager.

    torch counts recompilations by code object, and stops at eight: this one has a code object of its own.
    fullgraph raises where torch gives up, but before torch 2.13 not where compiling is switched off.
    This raises RuntimeError there.
    """
    own = FunctionType(product.__code__.replace(), product.__globals__, product.__name__)
    run = torch.compile(own, fullgraph=True, dynamic=False, mode=MODE)
    run(a, b, out)
    if not _debug_get_cache_entry_list(own.__code__):
        raise RuntimeError("torch.compile is switched off here: it ran the product eagerly")
    return run
