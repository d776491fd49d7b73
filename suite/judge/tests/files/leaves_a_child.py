"""Right, but it leaves a child behind, which leads a session of its own."""

import os
import time

import torch

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)


def bind(a, b, out, stream):
    return lambda: torch.mul(a[:, None], b, out=out)
