"""Closes every open file of its process in a launch."""

import os

import torch


def bind(a, b, out, stream):
    def launch():
        os.closerange(0, 4096)
        return torch.mul(a[:, None], b, out=out)

    return launch
