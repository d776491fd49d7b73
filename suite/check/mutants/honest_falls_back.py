"""Takes a flat path where everything is contiguous and PyTorch's for any other layout."""

import torch


def bind(a, b, out, stream):
    flat = a.is_contiguous() and b.is_contiguous() and out.is_contiguous()

    def launch():
        if flat:
            torch.mul(a.view(-1, 1), b, out=out)
        else:
            out.copy_(a[:, None] * b)
        return out

    return launch
