"""The naive way: torch.diag(a) @ b, which builds an N × N matrix of zeros and multiplies with all of them."""

from __future__ import annotations

import torch

from backends import Launch, Unsupported

LARGEST = 4096
"""Rows. Beyond, one product of float32 takes over 20 ms on an H100, and a campaign minutes."""


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Launch:
    """See backends.Backend.bind. Every launch builds diag(A) anew; enqueues on torch's current stream.

    Unsupported: more than LARGEST rows; TF32 for float32, which keeps 10 of a product's 23 bits.
    """
    if len(a) > LARGEST:
        raise Unsupported(f"diag(A) of {len(a)} rows holds their square and costs as much; it is asked up to {LARGEST}")
    if out.dtype == torch.float32 and torch.backends.cuda.matmul.fp32_precision == "tf32":
        raise Unsupported("TF32 is switched on for matrix products; it would round the inputs to 10 bits")
    return lambda: torch.matmul(torch.diag(a), b, out=out)
