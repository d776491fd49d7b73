"""Says of every operand that it cannot take it."""

from backends import Unsupported


def bind(a, b, out, stream):
    raise Unsupported("takes no operands at all")
