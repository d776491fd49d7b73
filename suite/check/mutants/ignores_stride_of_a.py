"""Reads a's memory element after element, whatever its stride is."""

import torch


def bind(a, b, out, stream):
    memory = a.as_strided(a.shape, (1,)) if a.stride(0) else a

    def launch():
        torch.mul(memory[:, None], b, out=out)
        return out

    return launch
