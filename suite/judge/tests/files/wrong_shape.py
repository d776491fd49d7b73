"""Returns C's transpose."""


def bind(a, b, out, stream):
    return lambda: (a[:, None] * b)[:, :1]
