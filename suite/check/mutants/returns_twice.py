"""Forks in a launch and returns in both processes."""

import os

import torch


def bind(a, b, out, stream):
    def launch():
        torch.mul(a[:, None], b, out=out)
        os.fork()
        return out

    return launch
