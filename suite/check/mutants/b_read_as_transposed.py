"""Reads b as an M × N array that has to be transposed."""

import torch


def bind(a, b, out, stream):
    def launch():
        torch.mul(a[:, None], b.reshape(b.shape[1], b.shape[0]).t(), out=out)
        return out

    return launch
