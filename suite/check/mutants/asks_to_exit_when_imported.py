"""Raises SystemExit with code 0 when imported."""

import sys

sys.exit(0)


def bind(a, b, out, stream):
    return lambda: out
