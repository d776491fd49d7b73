"""Multiplies a single column by the first element of a alone."""

import torch


def bind(a, b, out, stream):
    scale = a[:1] if out.shape[1] == 1 else a

    def launch():
        torch.mul(scale[:, None], b, out=out)
        return out

    return launch
