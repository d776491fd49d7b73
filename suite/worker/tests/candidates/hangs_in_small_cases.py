"""A candidate whose launch never returns where B has fewer than 100 elements."""

import time

import torch


def bind(a, b, out, stream):
    if b.numel() < 100:
        return lambda: time.sleep(3600)
    return lambda: torch.mul(a[:, None], b, out=out)
