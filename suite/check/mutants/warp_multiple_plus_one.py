"""Leaves the last column unwritten where the width is one more than a multiple of 32."""

import torch


def bind(a, b, out, stream):
    width = out.shape[1] - (out.shape[1] % 32 == 1)

    def launch():
        torch.mul(a[:, None], b[:, :width], out=out[:, :width])
        return out

    return launch
