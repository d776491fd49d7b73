"""Prints a megabyte in every launch."""

import sys

import torch


def bind(a, b, out, stream):
    def launch():
        sys.stdout.write("x" * (1 << 20))
        return torch.mul(a[:, None], b, out=out)

    return launch
