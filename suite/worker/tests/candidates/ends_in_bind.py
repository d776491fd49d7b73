"""A candidate that ends the process when bound."""

import os


def bind(a, b, out, stream):
    os._exit(3)
