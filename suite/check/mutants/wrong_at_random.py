"""Adds one to an element in one launch of fifty, drawn at random."""

import random

import torch


def bind(a, b, out, stream):
    def launch():
        torch.mul(a[:, None], b, out=out)
        if random.random() < 0.02 and out.numel():
            out[0, 0] = 12345.0
        return out

    return launch
