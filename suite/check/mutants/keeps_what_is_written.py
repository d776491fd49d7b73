"""Writes only the elements of out that are not a number."""

import torch


def bind(a, b, out, stream):
    def launch():
        out.copy_(torch.where(out.isnan(), a[:, None] * b, out))
        return out

    return launch
