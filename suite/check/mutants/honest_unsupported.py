"""Says of float64 and of operands with gaps that it cannot take them."""

import torch

from backends import Unsupported


def bind(a, b, out, stream):
    if b.dtype == torch.float64:
        raise Unsupported("takes no float64")
    if not (b.is_contiguous() and out.is_contiguous()):
        raise Unsupported("takes contiguous operands only")
    return lambda: torch.mul(a[:, None], b, out=out)
