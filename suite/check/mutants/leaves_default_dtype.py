"""Is right and leaves torch with float64 as its default."""

import torch

torch.set_default_dtype(torch.float64)


def bind(a, b, out, stream):
    return lambda: torch.mul(a[:, None], b, out=out)
