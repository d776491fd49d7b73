"""Is no Python: a parenthesis is missing."""

import torch


def bind(a, b, out, stream):
    return lambda: torch.mul(a[:, None], b, out=out
