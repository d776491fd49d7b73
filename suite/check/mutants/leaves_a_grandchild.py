"""Is right and leaves a grandchild in a session of its own that sleeps for a minute."""

import os
import time

import torch


def bind(a, b, out, stream):
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(60)
        os._exit(0)
    os.waitpid(child, 0)
    return lambda: torch.mul(a[:, None], b, out=out)
