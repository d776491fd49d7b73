"""Raises in its launch."""


def bind(a, b, out, stream):
    def launch():
        raise RuntimeError("no luck today\nand more of it")

    return launch
