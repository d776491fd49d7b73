"""Is right in three launches and raises in every later one."""

import itertools

import torch

COUNT = itertools.count()


def bind(a, b, out, stream):
    def launch():
        if next(COUNT) >= 3:
            raise RuntimeError("invalid configuration argument")
        return torch.mul(a[:, None], b, out=out)

    return launch
