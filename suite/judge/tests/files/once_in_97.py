"""Leaves C alone in one launch of 97."""

import itertools

import torch


def bind(a, b, out, stream):
    count = itertools.count(1)
    return lambda: out if next(count) % 97 == 0 else torch.mul(a[:, None], b, out=out)
