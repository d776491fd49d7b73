"""Writes the even columns and no other."""

import torch


def bind(a, b, out, stream):
    def launch():
        torch.mul(a[:, None], b[:, ::2], out=out[:, ::2])
        return out

    return launch
