"""Treats a scale of infinity as one."""

import torch


def bind(a, b, out, stream):
    def launch():
        torch.mul(torch.where(a.isinf(), torch.ones_like(a), a)[:, None], b, out=out)
        return out

    return launch
