"""Sleeps for an hour when imported."""

import time

time.sleep(3600)


def bind(a, b, out, stream):
    return lambda: out
