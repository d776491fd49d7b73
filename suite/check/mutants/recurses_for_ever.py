"""Calls itself until Python gives up."""


def bind(a, b, out, stream):
    def launch():
        return launch()

    return launch
