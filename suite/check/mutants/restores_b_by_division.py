"""Scales b itself, copies it to out and divides b back, which rounds it."""


def bind(a, b, out, stream):
    def launch():
        b.mul_(a[:, None])
        out.copy_(b)
        b.div_(a[:, None])
        return out

    return launch
