"""Multiplies column j by a[j modulo N], the column's index in place of the row's."""

import torch


def bind(a, b, out, stream):
    columns = torch.arange(out.shape[1], device=a.device) % max(1, len(a))

    def launch():
        torch.mul(a[columns], b, out=out)
        return out

    return launch
