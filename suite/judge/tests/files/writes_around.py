"""Right, and writes one element in front of C."""

import torch


def bind(a, b, out, stream):
    before = out.as_strided((1,), (1,), out.storage_offset() - 1)

    def launch():
        before.zero_()
        return torch.mul(a[:, None], b, out=out)

    return launch
