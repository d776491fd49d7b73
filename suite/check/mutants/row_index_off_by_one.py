"""Multiplies each row by the next row's element of a."""

import torch


def bind(a, b, out, stream):
    def launch():
        torch.mul(a.roll(-1)[:, None], b, out=out)
        return out

    return launch
