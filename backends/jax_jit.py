"""JAX: jax.jit of a[:, None] * b, on torch's memory by way of DLPack."""

from __future__ import annotations

import os
from collections.abc import Hashable

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # else JAX takes most of the device's memory at once

import jax
import torch

from backends import Enqueue, Unsupported

ALIGNMENT = 16  # bytes; XLA's kernels count on it

_COMPILED: set[Hashable] = set()
"""Shapes, dtypes and devices that XLA has compiled for."""


@jax.jit
def product(a: jax.Array, b: jax.Array) -> jax.Array:
    """What XLA compiles, once for each shape and dtype."""
    return a[:, None] * b


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Enqueue:
    """Bind the operands as backends.Backend.bind says.

    C is a fresh array, computed on XLA's own stream; `out` is left alone.

    Unsupported: operands that JAX would copy, and a JAX that does not know the device.
    """
    if not b.is_contiguous():
        raise Unsupported("JAX arrays are row-major without gaps: it would copy any other b at every launch")
    column, matrix = shared(a), shared(b)
    form = b.shape, b.dtype, b.device
    if form not in _COMPILED:
        product(column, matrix).block_until_ready()
        _COMPILED.add(form)
    if not b.is_cuda:  # XLA is asynchronous there too
        return lambda: torch.from_dlpack(product(column, matrix).block_until_ready())
    return lambda: torch.from_dlpack(product(column, matrix))


@jax.jit
def _touch(token: jax.Array) -> jax.Array:
    return token + 1


def follow() -> None:
    """Let what XLA launches from now on wait, on the device, for what is on torch's current stream by now.

    XLA's stream waits for the memory that torch hands over, as torch's current one does for each C that XLA hands over.
    """
    _touch(shared(torch.zeros(4, device="cuda")))


def shared(operand: torch.Tensor) -> jax.Array:
    """The operand as JAX's array, in the same memory: it shows what is written there later. Raises Unsupported."""
    if operand.data_ptr() % ALIGNMENT:
        raise Unsupported(f"JAX would copy operands that do not start on {ALIGNMENT}-byte boundaries")
    if operand.is_cuda and jax.default_backend() != "gpu":
        raise Unsupported("this JAX has no CUDA device: install jax[cuda13]")
    try:
        return jax.dlpack.from_dlpack(operand, copy=False)
    except (ValueError, RuntimeError) as error:
        raise Unsupported(f"JAX cannot share its memory: {str(error).splitlines()[0].split('. ')[0]}") from None
