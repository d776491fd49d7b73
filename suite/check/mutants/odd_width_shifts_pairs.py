"""Swaps the last two columns where the number of columns is odd, as a loop over pairs does."""

import torch


def bind(a, b, out, stream):
    columns = torch.arange(out.shape[1], device=b.device)
    if len(columns) % 2 and len(columns) > 2:
        columns[-2:] = columns[-2:].flip(0)

    def launch():
        torch.mul(a[:, None], b[:, columns], out=out)
        return out

    return launch
