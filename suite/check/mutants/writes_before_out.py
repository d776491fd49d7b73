"""Writes a zero into the element before out."""

import ctypes

import torch


def bind(a, b, out, stream):
    def launch():
        ctypes.memset(out.data_ptr() - out.itemsize, 0, out.itemsize)
        return torch.mul(a[:, None], b, out=out)

    return launch
