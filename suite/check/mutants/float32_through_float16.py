"""Multiplies in float16, whatever the dtype is."""


def bind(a, b, out, stream):
    def launch():
        out.copy_(a.half()[:, None] * b.half())
        return out

    return launch
