"""Multiplies by adding logarithms, right to a few digits."""


def bind(a, b, out, stream):
    def launch():
        magnitude = (a.abs().log()[:, None] + b.abs().log()).exp()
        out.copy_(magnitude * a.sign()[:, None] * b.sign())
        return out

    return launch
