"""A candidate whose launch raises."""


def bind(a, b, out, stream):
    def launch():
        raise RuntimeError("launch failed")

    return launch
