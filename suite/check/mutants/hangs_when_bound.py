"""Sleeps for an hour when bound."""

import time


def bind(a, b, out, stream):
    time.sleep(3600)
