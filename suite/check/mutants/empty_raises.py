"""Divides by the number of rows and of columns, so that an empty C is an error."""

import torch


def bind(a, b, out, stream):
    share = 1 / out.shape[0] / out.shape[1]

    def launch():
        if share > 0:
            torch.mul(a[:, None], b, out=out)
        return out

    return launch
