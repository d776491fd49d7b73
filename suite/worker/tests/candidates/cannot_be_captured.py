"""A candidate that the gate passes and that fails in the capture of its launches, a stand-in for a CUDA graph's."""

import itertools
import os

import torch

from suite.measure.timing import CaptureFailed

LAUNCHES = itertools.count()


def bind(a, b, out, stream):
    def launch():
        if next(LAUNCHES) > 4:
            raise CaptureFailed from RuntimeError(f"not permitted in process {os.getpid()}\nsecond line")
        return torch.mul(a[:, None], b, out=out)

    return launch
