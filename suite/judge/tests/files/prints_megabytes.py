"""Right, but it prints 4 MB a launch."""

import sys

import torch


def bind(a, b, out, stream):
    def launch():
        sys.stdout.write("y" * 4_000_000)
        sys.stdout.flush()
        return torch.mul(a[:, None], b, out=out)

    return launch
