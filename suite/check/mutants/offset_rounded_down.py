"""Rounds the address of b down to 16 bytes, as an unchecked vector load does."""

import torch


def bind(a, b, out, stream):
    lanes = 16 // b.itemsize
    aligned = b.as_strided(b.shape, b.stride(), b.storage_offset() - b.data_ptr() % 16 // b.itemsize if lanes else 0)

    def launch():
        torch.mul(a[:, None], aligned, out=out)
        return out

    return launch
