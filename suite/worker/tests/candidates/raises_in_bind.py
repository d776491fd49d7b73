"""A candidate that cannot be bound."""


def bind(a, b, out, stream):
    raise RuntimeError("no such kernel\nsecond line")
