"""Writes whole vectors of 16 elements and one vector too many behind out."""

import ctypes

import torch


def bind(a, b, out, stream):
    def launch():
        if out.is_contiguous():
            ctypes.memset(out.data_ptr() + out.nbytes, 0, 16 * out.itemsize)
        return torch.mul(a[:, None], b, out=out)

    return launch
