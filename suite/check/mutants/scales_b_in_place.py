"""Scales b itself and copies it to out."""


def bind(a, b, out, stream):
    def launch():
        b.mul_(a[:, None])
        out.copy_(b)
        return out

    return launch
