"""Writes the first 32 rows and no other."""

import torch


def bind(a, b, out, stream):
    def launch():
        torch.mul(a[:32, None], b[:32], out=out[:32])
        return out

    return launch
