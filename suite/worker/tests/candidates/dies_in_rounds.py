"""A candidate that ends the process after some launches."""

import itertools
import os

import torch

LAUNCHES = itertools.count()


def bind(a, b, out, stream):
    def launch():
        if next(LAUNCHES) == int(os.environ.get("DIES_AT", "40")):
            os._exit(3)
        return torch.mul(a[:, None], b, out=out)

    return launch
