"""Is right and seeds every generator with zero in each launch."""

import random

import torch


def bind(a, b, out, stream):
    def launch():
        random.seed(0)
        torch.manual_seed(0)
        return torch.mul(a[:, None], b, out=out)

    return launch
