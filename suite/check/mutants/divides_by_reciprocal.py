"""Divides by the rounded reciprocal of a in place of multiplying, as fast arithmetic may."""

import torch


def bind(a, b, out, stream):
    def launch():
        torch.div(b, a.reciprocal()[:, None], out=out)
        return out

    return launch
