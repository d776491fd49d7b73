"""Raises an error whose message cannot be made."""


class Unprintable(Exception):
    def __str__(self):
        raise RecursionError

    __repr__ = __str__


def bind(a, b, out, stream):
    def launch():
        raise Unprintable

    return launch
