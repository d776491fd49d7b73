"""Returns a C that has no memory."""


def bind(a, b, out, stream):
    return lambda: out.to("meta")
