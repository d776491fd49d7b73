"""What a Triton backend launches, bound: tuned and compiled once for each form, enqueued by a short way."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from backends import named
from backends._form import form_of
from backends.triton_tuned import call_into_c

if TYPE_CHECKING:
    import triton

    from backends import Launch

Grid = tuple[int, int, int]

_CHOSEN: dict[Hashable, Chosen] = {}
"""Form of the operands -> what was chosen and compiled for it."""


@dataclass(frozen=True)
class Chosen:
    """What operands of one form are launched with."""

    compiled: Any  # None in Triton's interpreter
    kernel: Any  # the uncompiled one
    grid: Grid
    arguments: tuple[Any, ...]  # behind the three pointers
    form: str  # in words, the config included


class Bound:
    """The Backend of a module that says by `launch_arguments` what it launches."""

    def __init__(self, module: Any) -> None:
        self.launch_arguments = module.launch_arguments
        if hasattr(module, "ModelNew"):
            self.fresh = module.ModelNew()

    def bind(self, a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
        """Bind the operands as backends.Backend.bind says. Raises what launch_arguments raises."""
        if out.numel() == 0:
            return named(lambda: out)
        key = self.launch_arguments, form_of(a, b, out)
        found = _CHOSEN.get(key)
        if found is None:
            found = choose(stream, *self.launch_arguments(a, b, out))
            if found.compiled is not None:
                _CHOSEN[key] = found
        return launch_of(found, a, b, out, stream)


def choose(
    stream: int, kernel: Any, grid: Callable[..., tuple[int, ...]], arguments: tuple[Any, ...], form: str
) -> Chosen:
    """Tune and compile, by launching on the stream; the other arguments are what launch_arguments returns."""
    out, queue = arguments[2], None
    if out.is_cuda:  # ExternalStream(0) is not the default stream but a new one
        queue = torch.cuda.ExternalStream(stream, out.device) if stream else torch.cuda.default_stream(out.device)
    with torch.cuda.stream(queue):
        compiled = kernel[grid](*arguments)
    config = kernel.best_config
    blocks: Any = (*grid(config.kwargs), 1, 1)[:3]
    rest = (*arguments[3:], *config.kwargs.values())
    return Chosen(compiled, kernel.fn, blocks, rest, f"{form}, {config_text(config)}")


def launch_of(found: Chosen, a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """The launch on these operands, whose device has to be the current one at each."""
    if found.compiled is None:
        enqueue = partial(found.kernel[found.grid], a, b, out, *found.arguments)
    else:
        enqueue = enqueuer(found.compiled, found.grid, stream, (a, b, out, *found.arguments))

    def launch() -> torch.Tensor:
        enqueue()
        return out

    return named(launch, found.form, operands=(a, b))


def enqueuer(compiled: Any, grid: Grid, stream: int, arguments: tuple[Any, ...]) -> partial[Any]:
    """The function that enqueues a compiled kernel: Triton's call into C, or `[grid]` where that is hidden."""
    addresses = tuple(value.data_ptr() if isinstance(value, torch.Tensor) else value for value in arguments)
    try:
        into_c, fixed, as_one = call_into_c(compiled, len(arguments))
    except (AttributeError, TypeError, ValueError):
        return partial(compiled[grid], *arguments, stream=stream)
    return partial(into_c, *grid, stream, *fixed, *((addresses,) if as_one else addresses))


def config_text(config: triton.Config) -> str:
    """A tuning config in words, e.g. "BLOCK 512, 16 warps"."""
    return ", ".join([*(f"{name} {value}" for name, value in config.kwargs.items()), f"{config.num_warps} warps"])
