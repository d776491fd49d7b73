"""Ends its process with exit code 0 in a launch."""

import os


def bind(a, b, out, stream):
    return lambda: os._exit(0)
