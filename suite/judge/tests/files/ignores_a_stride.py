"""Reads A as if its elements were neighbours."""

import torch


def bind(a, b, out, stream):
    flat = a.as_strided(a.shape, (1,))
    return lambda: torch.mul(flat[:, None], b, out=out)
