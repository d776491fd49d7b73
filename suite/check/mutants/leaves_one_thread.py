"""Is right and leaves torch with one thread."""

import torch

torch.set_num_threads(1)


def bind(a, b, out, stream):
    return lambda: torch.mul(a[:, None], b, out=out)
