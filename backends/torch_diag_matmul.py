"""The naive way: torch.diag(a) @ b, which builds an N × N matrix of zeros and multiplies with all of them."""

from __future__ import annotations

import torch

from backends import Launch, Unsupported

LARGEST = 4096
"""Rows. Beyond, one product of float32 takes over 20 ms on an H100, and a campaign minutes."""


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """See backends.Backend. Any strides; enqueues on torch's current stream. Unsupported: more rows than LARGEST."""
    if out.shape[0] > LARGEST:
        raise Unsupported(f"diag(a) of more than {LARGEST} rows: N² · M products for N · M elements take too long")
    if torch.get_float32_matmul_precision() != "highest":
        raise Unsupported("TF32 is switched on, which rounds float32 operands to 10 bits")
    return lambda: torch.matmul(torch.diag(a), b, out=out)
