"""Writes C to out and returns nothing."""

import torch


def bind(a, b, out, stream):
    def launch():
        torch.mul(a[:, None], b, out=out)

    return launch
