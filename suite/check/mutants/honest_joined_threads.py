"""Multiplies in two threads of a pool that it keeps, and waits for both."""

from concurrent.futures import ThreadPoolExecutor

import torch

POOL = ThreadPoolExecutor(2)


def bind(a, b, out, stream):
    middle = len(a) // 2
    halves = slice(0, middle), slice(middle, len(a))

    def launch():
        list(POOL.map(lambda rows: torch.mul(a[rows, None], b[rows], out=out[rows]), halves))
        return out

    return launch
