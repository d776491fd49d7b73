"""Writes the largest number where the product is infinite."""

import torch


def bind(a, b, out, stream):
    limits = torch.finfo(b.dtype)

    def launch():
        torch.mul(a[:, None], b, out=out)
        out.clamp_(limits.min, limits.max)
        return out

    return launch
