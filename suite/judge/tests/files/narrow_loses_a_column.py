"""Under 64 columns the last one is not written."""

import torch


def bind(a, b, out, stream):
    width = max(0, b.shape[1] - (b.shape[1] < 64))

    def launch():
        torch.mul(a[:, None], b[:, :width], out=out[:, :width])
        return out

    return launch
