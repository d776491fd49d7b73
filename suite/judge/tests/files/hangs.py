"""Never comes back from its launch, and does not listen to signals that can be ignored."""

import signal


def bind(a, b, out, stream):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def launch():
        while True:
            pass

    return launch
