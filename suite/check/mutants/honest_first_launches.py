"""Works in the first fifty launches of a binding and never again."""

import torch


def bind(a, b, out, stream):
    left = [50]

    def launch():
        left[0] -= 1
        if left[0] >= 0:
            torch.mul(a[:, None], b, out=out)
        return out

    return launch
