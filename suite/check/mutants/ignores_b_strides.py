"""Reads b as if its rows followed each other without gaps."""

import torch


def bind(a, b, out, stream):
    packed = torch.as_strided(b, b.shape, (b.shape[1], 1))

    def launch():
        torch.mul(a[:, None], packed, out=out)
        return out

    return launch
