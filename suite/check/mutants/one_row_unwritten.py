"""Leaves C unwritten where it has one row."""

import torch


def bind(a, b, out, stream):
    def launch():
        if len(a) != 1:
            torch.mul(a[:, None], b, out=out)
        return out

    return launch
