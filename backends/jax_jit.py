"""JAX: jax.jit of the broadcast product, on arrays that share torch's memory."""

from __future__ import annotations

import os

# XLA would take three quarters of the device's memory at its first use.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

import jax
import torch

from backends import Launch, Unsupported

ALIGNMENT = 16  # bytes; XLA's kernels count on it


@jax.jit
def product(a: jax.Array, b: jax.Array) -> jax.Array:
    """diag(a) · b, for XLA to fuse."""
    return a[:, None] * b


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """See backends.Backend. Computes on XLA's own stream, into memory of XLA's; out and stream are left alone.

    Unsupported: operands that JAX would have to copy, and a JAX without this device.
    """
    if not (a.is_contiguous() and b.is_contiguous()):
        raise Unsupported("JAX takes row-major arrays only; it would copy these")
    if a.data_ptr() % ALIGNMENT or b.data_ptr() % ALIGNMENT:
        raise Unsupported(f"XLA wants operands on {ALIGNMENT}-byte boundaries; it would copy these")
    if b.is_cuda and jax.default_backend() != "gpu":
        raise Unsupported("this JAX has no CUDA device: install jax[cuda13]")
    x, y = (jax.dlpack.from_dlpack(tensor.detach()) for tensor in (a, b))
    torch.from_dlpack(product(x, y))  # compiles

    def launch() -> torch.Tensor:
        return torch.from_dlpack(product(x, y))

    launch.operands = (a, b)  # type: ignore[attr-defined]  # JAX's arrays are views of their memory
    return launch
