"""Takes two rows of fewer than 64 columns for one, so that odd rows get the even row's scale."""

import torch


def bind(a, b, out, stream):
    narrow = out.shape[1] < 64
    rows = torch.arange(len(a), device=a.device)
    rows = rows // 2 * 2 if narrow else rows

    def launch():
        torch.mul(a[rows, None], b, out=out)
        return out

    return launch
