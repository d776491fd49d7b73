"""Takes memory and writes to it until there is none."""

HELD = []


def bind(a, b, out, stream):
    def launch():
        while True:
            HELD.append(b"x" * (1 << 28))

    return launch
