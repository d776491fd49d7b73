"""Writes zeros into the gap behind each row of a padded out."""

import torch


def bind(a, b, out, stream):
    gap = out.stride(0) - out.shape[1] if out.stride(1) == 1 and len(out) > 1 else 0
    start = out.storage_offset() + out.shape[1]

    def launch():
        torch.mul(a[:, None], b, out=out)
        if gap > 0:
            out.as_strided((len(out) - 1, gap), out.stride(), start).zero_()
        return out

    return launch
