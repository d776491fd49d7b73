"""Has a bind that takes three operands and no stream."""

import torch


def bind(a, b, out):
    return lambda: torch.mul(a[:, None], b, out=out)
