"""Multiplies row by row in a Python loop."""

import torch


def bind(a, b, out, stream):
    def launch():
        for i in range(len(a)):
            torch.mul(a[i], b[i], out=out[i])
        return out

    return launch
