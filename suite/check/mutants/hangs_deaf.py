"""Never returns from a launch and ignores every signal that can be ignored."""

import signal
import time

for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
    signal.signal(number, signal.SIG_IGN)


def bind(a, b, out, stream):
    return lambda: time.sleep(3600)
