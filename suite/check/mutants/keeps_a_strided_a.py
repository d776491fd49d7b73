"""Copies a strided a into order when bound and never reads it again."""

import torch


def bind(a, b, out, stream):
    kept = a.contiguous()

    def launch():
        torch.mul(kept[:, None], b, out=out)
        return out

    return launch
