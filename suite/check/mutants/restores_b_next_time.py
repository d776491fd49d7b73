"""Scales b itself, copies it to out and puts the old b back in the next launch."""


def bind(a, b, out, stream):
    kept = []

    def launch():
        if kept:
            b.copy_(kept.pop())
        kept.append(b.clone())
        b.mul_(a[:, None])
        out.copy_(b)
        return out

    return launch
