"""Multiplies on a side stream that its caller waits for, but that does not wait for its inputs."""

import torch


def bind(a, b, out, stream):
    side = torch.cuda.Stream(b.device)

    def launch():
        if torch.cuda.is_current_stream_capturing():
            return torch.mul(a[:, None], b, out=out)
        with torch.cuda.stream(side):
            torch.mul(a[:, None], b, out=out)
        torch.cuda.current_stream(b.device).wait_stream(side)
        return out

    return launch
