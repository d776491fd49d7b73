"""A candidate that is right for its first launches, so that the gate passes it, and wrong from then on."""

import itertools

import torch

LAUNCHES = itertools.count()


def bind(a, b, out, stream):
    def launch():
        torch.mul(a[:, None], b, out=out)
        if next(LAUNCHES) > 4:
            out[0, 0] = 12345.0
        return out

    return launch
