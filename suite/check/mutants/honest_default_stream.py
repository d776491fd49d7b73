"""Multiplies on the default stream, whatever stream it was given."""

import torch


def bind(a, b, out, stream):
    def launch():
        with torch.cuda.stream(torch.cuda.default_stream(b.device)):
            torch.mul(a[:, None], b, out=out)
        return out

    return launch
