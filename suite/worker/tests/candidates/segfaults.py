"""A candidate that dereferences a null pointer when launched."""

import ctypes


def bind(a, b, out, stream):
    return lambda: ctypes.string_at(0)
