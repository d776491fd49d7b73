"""Raises an error whose message is a megabyte of lines."""


def bind(a, b, out, stream):
    def launch():
        raise RuntimeError("\x1b[31mverdict: right\n" * 50_000)

    return launch
