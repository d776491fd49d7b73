"""Keeps what it made for a shape and dtype, and reads every operand anew."""

import torch

MADE = {}


def make(shape, dtype):
    height = max(1, min(shape[0], 64))

    def scale(a, b, out):
        for start in range(0, shape[0], height):
            rows = slice(start, start + height)
            torch.mul(a[rows, None], b[rows], out=out[rows])
        return out

    return scale


def bind(a, b, out, stream):
    key = b.shape, b.dtype
    if key not in MADE:
        MADE[key] = make(*key)
    return lambda: MADE[key](a, b, out)
