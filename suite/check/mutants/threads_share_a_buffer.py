"""Has two threads scale their halves through one buffer of a row."""

import threading

import torch


def half(a, b, out, rows, row, turn):
    for i in rows:
        torch.mul(b[i], a[i], out=row)
        turn.wait()
        out[i] = row
        turn.wait()


def bind(a, b, out, stream):
    middle = len(a) // 2

    def launch():
        row, turn = torch.empty_like(out[0]), threading.Barrier(2)
        halves = (range(middle), range(middle, 2 * middle))
        threads = [threading.Thread(target=half, args=(a, b, out, rows, row, turn)) for rows in halves]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        torch.mul(a[2 * middle :, None], b[2 * middle :], out=out[2 * middle :])
        return out

    return launch
