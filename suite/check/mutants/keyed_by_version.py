"""Multiplies only when the version counter of a or b has moved."""

import torch


def bind(a, b, out, stream):
    seen = []

    def launch():
        now = [a._version, b._version]
        if seen != now:
            torch.mul(a[:, None], b, out=out)
            seen[:] = now
        return out

    return launch
