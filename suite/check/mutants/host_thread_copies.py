"""Has a thread of the host copy C to the device later."""

import threading

import torch


def bind(a, b, out, stream):
    def work():
        with torch.cuda.stream(torch.cuda.Stream(b.device)):
            out.copy_(a.cpu()[:, None] * b.cpu())

    def launch():
        threading.Timer(0.02, work).start()
        return out

    return launch
