"""Reads address 0 in a launch."""

import ctypes


def bind(a, b, out, stream):
    return lambda: ctypes.string_at(0)
