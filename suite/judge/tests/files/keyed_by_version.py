"""Works only when a version counter has moved."""

import torch


def bind(a, b, out, stream):
    seen = [None]

    def launch():
        if seen[0] != (a._version, b._version):
            torch.mul(a[:, None], b, out=out)
        seen[0] = (a._version, b._version)
        return out

    return launch
