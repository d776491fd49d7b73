"""Leaves the columns beyond the last whole block of 64 unwritten."""

import torch


def bind(a, b, out, stream):
    whole = out.shape[1] // 64 * 64

    def launch():
        torch.mul(a[:, None], b[:, :whole], out=out[:, :whole])
        return out

    return launch
