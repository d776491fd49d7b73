"""Multiplies the columns where C is square, B · diag(A) in place of diag(A) · B."""

import torch


def bind(a, b, out, stream):
    square = out.shape[0] == out.shape[1]

    def launch():
        torch.mul(a if square else a[:, None], b, out=out)
        return out

    return launch
