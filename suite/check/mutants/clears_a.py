"""Computes C and clears a, as a buffer that is no longer needed."""

import torch


def bind(a, b, out, stream):
    def launch():
        torch.mul(a[:, None], b, out=out)
        a.zero_()
        return out

    return launch
