"""Raises an error of several lines when imported."""

raise RuntimeError("no kernel for this device\n" * 3)


def bind(a, b, out, stream):
    return lambda: out
