"""Writes zeros into a row whose scale is zero without looking at b."""

import torch


def bind(a, b, out, stream):
    def launch():
        torch.mul(a[:, None], b, out=out)
        out.masked_fill_((a == 0)[:, None], 0)
        return out

    return launch
