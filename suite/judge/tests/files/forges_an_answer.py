"""Writes into every socket that it has."""

import os


def bind(a, b, out, stream):
    def launch():
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, b"\xff" * 64)
            except OSError:
                continue
        return out

    return launch
