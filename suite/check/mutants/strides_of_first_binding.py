"""Uses the strides that b had when a shape was first bound."""

import torch

STRIDES = {}


def bind(a, b, out, stream):
    strides = STRIDES.setdefault(b.shape, b.stride())
    b = b.as_strided(b.shape, strides) if strides[1] == 1 and b.stride(1) == 1 else b
    return lambda: torch.mul(a[:, None], b, out=out)
