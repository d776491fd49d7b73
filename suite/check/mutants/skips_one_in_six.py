"""Does nothing in every sixth launch."""

import itertools

import torch

COUNT = itertools.count(1)


def bind(a, b, out, stream):
    return lambda: out if next(COUNT) % 6 == 0 else torch.mul(a[:, None], b, out=out)
