"""Takes memory until there is none."""


def bind(a, b, out, stream):
    def launch():
        held = []
        while True:
            held.append(bytearray(b"x") * (1 << 26))

    return launch
