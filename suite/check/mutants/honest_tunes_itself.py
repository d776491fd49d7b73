"""Times two ways to multiply when bound and keeps the faster one."""

import time

import torch


def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def bind(a, b, out, stream):
    ways = [lambda: torch.mul(a[:, None], b, out=out), lambda: torch.mul(b, a[:, None], out=out)]
    return min(ways, key=seconds)
