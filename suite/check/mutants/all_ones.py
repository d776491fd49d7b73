"""Fills C with ones."""


def bind(a, b, out, stream):
    def launch():
        out.fill_(1)
        return out

    return launch
