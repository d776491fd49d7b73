"""Flips the lowest bit of one element in one launch of 97."""

import itertools

import torch

COUNT = itertools.count(1)
INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}


def bind(a, b, out, stream):
    def launch():
        torch.mul(a[:, None], b, out=out)
        if next(COUNT) % 97 == 0 and out.numel():
            out.view(INTEGERS[out.itemsize])[-1, -1] ^= 1
        return out

    return launch
