"""Copies b to out and scales out in place, slower than it need be."""


def bind(a, b, out, stream):
    def launch():
        out.copy_(b)
        out.mul_(a[:, None])
        return out

    return launch
