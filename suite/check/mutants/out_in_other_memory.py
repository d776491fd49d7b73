"""Returns a fresh tensor and leaves out unwritten."""


def bind(a, b, out, stream):
    return lambda: a[:, None] * b
