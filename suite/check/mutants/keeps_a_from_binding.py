"""Reads a once, when bound, and never again."""

import torch


def bind(a, b, out, stream):
    kept = a.clone()

    def launch():
        torch.mul(kept[:, None], b, out=out)
        return out

    return launch
