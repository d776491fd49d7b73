"""Raises in its import."""

import a_library_that_is_not_there


def bind(a, b, out, stream):
    return a_library_that_is_not_there.product(a, b, out)
