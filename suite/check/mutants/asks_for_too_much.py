"""Asks for a pebibyte at once."""

import torch


def bind(a, b, out, stream):
    workspace = torch.empty(1 << 50, dtype=torch.uint8, device=b.device)
    return lambda: out.copy_(workspace[: out.numel()].view(out.shape))
