"""Is right and leaves a child that sleeps for a minute."""

import os
import time

import torch


def bind(a, b, out, stream):
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
    return lambda: torch.mul(a[:, None], b, out=out)
