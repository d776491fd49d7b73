"""Raises SystemExit with code 0 in a launch."""

import sys


def bind(a, b, out, stream):
    return lambda: sys.exit(0)
