"""Writes a zero into the element before b."""

import ctypes

import torch


def bind(a, b, out, stream):
    def launch():
        ctypes.memset(b.data_ptr() - b.itemsize, 0, b.itemsize)
        return torch.mul(a[:, None], b, out=out)

    return launch
