"""Is right and leaves its process in the root directory."""

import os

import torch

os.chdir("/")


def bind(a, b, out, stream):
    return lambda: torch.mul(a[:, None], b, out=out)
