"""The naive way: torch.diag(a) @ b, which builds an N × N matrix of zeros and multiplies with all of them."""

from __future__ import annotations

import torch

from backends import Enqueue, Unsupported

LARGEST = 1024
"""Rows. Beyond, one launch takes so much power for so long that the clocks fall under what is measured beside it."""


def bind(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor, stream: int) -> Enqueue:
    """Bind the operands as backends.Backend.bind says. Any strides; enqueues on torch's current stream.

    Unsupported: more rows than LARGEST; float32 where TF32 is switched on.
    """
    if out.shape[0] > LARGEST:
        raise Unsupported(f"more than {LARGEST} rows: its N² · M products heat what is measured beside it")
    if out.dtype == torch.float32 and torch.backends.cuda.matmul.fp32_precision == "tf32":
        raise Unsupported("TF32 is switched on, which rounds float32 operands to 10 bits")
    return lambda: torch.matmul(torch.diag(a), b, out=out)
