"""Takes column-major operands for row-major ones and scales their memory in that order."""

import torch


def bind(a, b, out, stream):
    flat = out.t().is_contiguous() and b.t().is_contiguous() and not out.is_contiguous()

    def launch():
        if flat:
            torch.mul(a[:, None], b.t().reshape(b.shape), out=out.t().view(out.shape))
        else:
            torch.mul(a[:, None], b, out=out)
        return out

    return launch
