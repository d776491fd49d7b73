"""Rounds float32 inputs to TF32's 10 bits of mantissa first."""

import torch


def bind(a, b, out, stream):
    def rounded(x):
        return ((x.view(torch.int32) + 4096) & -8192).view(torch.float32) if x.dtype == torch.float32 else x

    def launch():
        torch.mul(rounded(a)[:, None], rounded(b), out=out)
        return out

    return launch
