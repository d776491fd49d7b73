"""Writes out as if its rows followed each other without gaps."""

import torch


def bind(a, b, out, stream):
    packed = torch.as_strided(out, out.shape, (out.shape[1], 1))

    def launch():
        torch.mul(a[:, None], b, out=packed)
        return out

    return launch
