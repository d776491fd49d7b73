"""Leaves what lies beyond 2^31 elements unwritten."""

import torch


def bind(a, b, out, stream):
    rows = min(len(a), 2**31 // max(1, out.shape[1]))

    def launch():
        torch.mul(a[:rows, None], b[:rows], out=out[:rows])
        return out

    return launch
