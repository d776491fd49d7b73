"""Divides the flat index by the width rounded up to 256, so that rows share an element of a."""

import torch


def bind(a, b, out, stream):
    width = -(-out.shape[1] // 256) * 256
    elements = torch.arange(out.numel(), device=a.device).view(out.shape)

    def launch():
        torch.mul(a[elements // width], b, out=out)
        return out

    return launch
