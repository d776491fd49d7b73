"""Leaves the last column unwritten where the number of columns is a prime above 100."""

import torch


def bind(a, b, out, stream):
    width = out.shape[1]
    prime = width > 100 and all(width % factor for factor in range(2, int(width**0.5) + 1))
    width -= prime

    def launch():
        torch.mul(a[:, None], b[:, :width], out=out[:, :width])
        return out

    return launch
