"""Leaves the last row unwritten where C has more than 2^20 elements."""

import torch


def bind(a, b, out, stream):
    rows = len(a) - (out.numel() > 1 << 20)

    def launch():
        torch.mul(a[:rows, None], b[:rows], out=out[:rows])
        return out

    return launch
