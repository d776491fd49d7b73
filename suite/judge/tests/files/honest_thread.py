"""Lets a thread compute and waits for it: right, but not by the thread that launches."""

import queue
import threading

import torch


def bind(a, b, out, stream):
    asked, done = queue.Queue(), queue.Queue()

    def work():
        while True:
            asked.get()
            done.put(torch.mul(a[:, None], b, out=out))

    threading.Thread(target=work, daemon=True).start()

    def launch():
        asked.put(None)
        return done.get()

    return launch
