"""CUDA C++ through CuPy: rowscale.cu, one template instantiation for each form of the operands."""

from __future__ import annotations

import functools
from collections.abc import Hashable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cupy
import torch

from backends import Compiled, Launch, named
from backends._driver import Packed, Shape
from backends._form import of_form
from backends._walk import Walk, require_arithmetic, walk, walk_contiguous

_PREPARED: dict[Hashable, Prepared] = {}
_PROVEN: set[str] = set()
"""The driver's calls that have been seen to work."""

SOURCE = Path(__file__).with_name("rowscale.cu").read_text(encoding="utf-8")


class RawStream(NamedTuple):
    """A raw stream handle under the CUDA stream protocol."""

    handle: int

    def __cuda_stream__(self) -> tuple[int, int]:
        """The protocol's version and the handle."""
        return (0, self.handle)


def instantiation(walked: Walk, dtype: str) -> str:
    """The kernel that a Walk calls for, as a C++ expression."""
    kernel, by_row, vectors, wide, cached = walked.template
    index = "unsigned long long" if wide else "unsigned"
    return f"{kernel}<{dtype}, {index}, {by_row:d}, {vectors:d}, {cached:d}>"


@functools.cache
def compiled(name: str, device: int) -> Any:
    """The kernel of this name, loaded on this device; CuPy keeps compiled ones on disk."""
    with cupy.cuda.Device(device):
        module = cupy.RawModule(code=SOURCE, options=("--std=c++17",), name_expressions=(name,))
        return module.get_function(name).kernel


@dataclass(frozen=True)
class Prepared:
    """What operands of one form are launched with."""

    kernel: Any
    grid: Shape
    block: Shape
    integers: tuple[int, ...]  # the kernel's arguments behind its three pointers
    form: str  # in words


def prepare(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> Prepared:
    """Choose the kernel and load it. Raises Unsupported."""
    dtype = str(out.dtype).removeprefix("torch.")
    require_arithmetic(dtype, torch.cuda.get_device_capability(out.device))
    walked = walk(a, b, out)
    kernel = compiled(instantiation(walked, dtype), out.device.index)
    return Prepared(kernel, walked.grid, (walked.block, 1, 1), walked.arguments, walked.form)


def enqueuer(prepared: Prepared, stream: int, pointers: tuple[int, ...]) -> partial[None]:
    """The function that launches the kernel, by the driver's call, with the arguments packed once.

    Where this CuPy does not have that call, it is the kernel's own, which packs them each time. The first call in a
    process launches to find out.
    """
    kernel, shape, arguments = prepared.kernel, (prepared.grid, prepared.block), (*pointers, *prepared.integers)
    packed = Packed(arguments)
    try:
        enqueue = partial(cupy.cuda.driver.launchKernel, kernel.ptr, *shape[0], *shape[1], 0, stream, packed.address, 0)
        if not _PROVEN:
            enqueue()
            _PROVEN.add("launchKernel")
    except (AttributeError, TypeError):
        return partial(kernel, *shape, arguments, stream=cupy.cuda.Stream.from_external(RawStream(stream)))
    vars(enqueue).update(kept=packed)
    return enqueue


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """Bind the operands as backends.Backend.bind says. Unsupported: bfloat16 before compute capability 8.0."""
    if out.numel() == 0:
        return named(lambda: out)
    prepared = of_form(_PREPARED, prepare, a, b, out)
    enqueue = enqueuer(prepared, stream, (a.data_ptr(), b.data_ptr(), out.data_ptr()))

    def launch() -> torch.Tensor:
        enqueue()
        return out

    return named(launch, prepared.form, operands=(a, b))


def compile_for(rows: int, cols: int, dtype: str, capability: tuple[int, int]) -> Compiled:
    """What bind would launch on contiguous, aligned operands: NVRTC with CuPy's options, no device."""
    from cuda.core import Program, ProgramOptions

    require_arithmetic(dtype, capability)
    walked = walk_contiguous(rows, cols, dtype)
    name = instantiation(walked, dtype)
    options = ProgramOptions(
        arch="sm_{}{}".format(*capability), std="c++17", ftz=True, device_as_default_execution_space=True
    )
    cubin = Program(SOURCE, "c++", options).compile("cubin", name_expressions=(name,))
    kernel = cubin.symbol_mapping[name]
    return Compiled(cubin.code, kernel.decode(), walked.grid, (walked.block, 1, 1), config=walked.form)
