"""Cuts float16 products off instead of rounding them."""

import torch


def bind(a, b, out, stream):
    def launch():
        if b.dtype == torch.float16:
            exact = a.float()[:, None] * b.float()
            out.copy_((exact.view(torch.int32) & -8192).view(torch.float32))
        else:
            torch.mul(a[:, None], b, out=out)
        return out

    return launch
