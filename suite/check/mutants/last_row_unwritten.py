"""Leaves the last row unwritten, as a grid that rounds down does."""

import torch


def bind(a, b, out, stream):
    def launch():
        torch.mul(a[:-1, None], b[:-1], out=out[:-1])
        return out

    return launch
