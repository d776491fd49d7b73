"""Imports a library that does not exist."""

import no_such_library_of_kernels as library
import torch


def bind(a, b, out, stream):
    return lambda: library.scale(a, b, out) if out.numel() else torch.mul(a[:, None], b, out=out)
