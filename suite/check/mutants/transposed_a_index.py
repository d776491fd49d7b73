"""Takes the row of element k as k modulo N, as if C lay column by column."""

import torch


def bind(a, b, out, stream):
    elements = torch.arange(out.numel(), device=a.device).view(out.shape)
    rows = elements % max(1, len(a))

    def launch():
        torch.mul(a[rows], b, out=out)
        return out

    return launch
