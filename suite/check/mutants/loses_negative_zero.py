"""Adds zero to each product, which makes a negative zero positive."""

import torch


def bind(a, b, out, stream):
    def launch():
        torch.mul(a[:, None], b, out=out)
        out.add_(0.0)
        return out

    return launch
