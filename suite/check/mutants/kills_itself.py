"""Sends itself SIGKILL in a launch."""

import os
import signal


def bind(a, b, out, stream):
    return lambda: os.kill(os.getpid(), signal.SIGKILL)
