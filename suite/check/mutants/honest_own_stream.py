"""Multiplies on a stream of its own that waits for the caller's and is waited for."""

import torch


def bind(a, b, out, stream):
    side = torch.cuda.Stream(b.device)

    def launch():
        here = torch.cuda.current_stream(b.device)
        side.wait_stream(here)
        with torch.cuda.stream(side):
            torch.mul(a[:, None], b, out=out)
        here.wait_stream(side)
        return out

    return launch
