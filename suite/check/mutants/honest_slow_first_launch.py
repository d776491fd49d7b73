"""Takes a twentieth of a second in the first launch of a binding, as a late compilation does."""

import time

import torch


def bind(a, b, out, stream):
    cold = [True]

    def launch():
        if cold:
            cold.clear()
            time.sleep(0.05)
        return torch.mul(a[:, None], b, out=out)

    return launch
