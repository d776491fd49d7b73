"""Rounds 16-bit products up or down by chance, right on average."""

import torch


def bind(a, b, out, stream):
    def launch():
        wide = a.float()[:, None] * b.float()
        if b.itemsize == 2:
            wide *= 1 + (torch.rand_like(wide) - 0.5) * torch.finfo(b.dtype).eps
        out.copy_(wide) if b.itemsize == 2 else torch.mul(a[:, None], b, out=out)
        return out

    return launch
