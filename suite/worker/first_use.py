"""What the first product of a backend costs: its import, its bind and its first launch, each in a fresh process.

What every backend needs is there before the clock starts: torch, the device's context and the operands. The processes
are forked from one that has imported torch and no backend, and that never touches a device. The parent's side imports
no array library.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

import backends
from backends import Entry, load
from suite.cases import Case
from suite.device import locks
from suite.device.memory import memory_kills
from suite.record.measurement import Outcome
from suite.record.run import FirstUse
from suite.scratch import Scratch
from suite.worker.process import die_with_parent, forking, how_it_ended

TIMEOUT_S = 180.0


def caches(entry: Entry) -> tuple[str, ...]:
    """The environment variables that say where compilers keep what they made: the entry's and the whole catalogue's.

    A candidate may use any of the compilers that the catalogue knows, and its Entry cannot tell which.
    """
    every = (*backends.CATALOGUE, entry)
    return tuple(dict.fromkeys(name for each in every for name in each.caches))


def first_use(entry: Entry, case: Case, timeout_s: float = TIMEOUT_S) -> FirstUse | Outcome:
    """The cost of a first use with the compilers' caches empty, and of its bind with the caches that it left."""
    spent = []
    with Scratch() as folder:
        places = {name: os.path.join(folder, name.lower()) for name in caches(entry)}
        for _ in ("cold", "warm"):
            with locks.turn(alone=False):
                answer = _in_a_fresh_process(entry, case, places, timeout_s)
            if "kind" in answer:
                return Outcome(backend=entry.name, case=case.id, **answer)
            spent.append(answer)
    cold, warm = spent
    return FirstUse(backend=entry.name, case=case.id, warm_bind_s=warm["bind_s"], **cold)


def _in_a_fresh_process(entry: Entry, case: Case, places: Mapping[str, str], timeout_s: float) -> dict[str, Any]:
    """What `spent` returns there, or the kind and the reason of an Outcome; places: where each cache is to be."""
    context = forking()
    ours, theirs = context.Pipe(duplex=False)
    kills = memory_kills()
    process = context.Process(target=_answer, args=(theirs, entry, case, os.environ | places))
    process.start()
    theirs.close()
    try:
        if not ours.poll(timeout_s):
            return {"kind": "timeout", "reason": f"no first product within {timeout_s:.0f} s"}
        answer: dict[str, Any] = ours.recv()
        return answer
    except EOFError:
        process.join(10)
        return dict(zip(("kind", "reason"), how_it_ended(process.exitcode, kills), strict=True))
    finally:
        process.kill()
        process.join()
        ours.close()


def _answer(connection: Connection, entry: Entry, case: Case, environment: Mapping[str, str]) -> None:
    """The fresh process: the environment is set before a backend is imported or the device is touched."""
    die_with_parent()
    os.environ.clear()  # of what was there when the server of forks was started
    os.environ.update(environment)
    try:
        answer: dict[str, Any] = spent(entry, case)
    except Exception as error:
        from suite.worker.failures import why

        answer = dict(zip(("kind", "reason"), why(error), strict=True))
    connection.send(answer)
    os._exit(0)  # an orderly exit could hang or fault in the driver


def spent(entry: Entry, case: Case) -> dict[str, float]:
    """Seconds of the backend's import, its bind and its first launch, in this process. Raises what they raise."""
    from suite.check import operands
    from suite.measure import timing

    device = timing.Device()
    with device.active():
        on = operands.allocate(case, device.torch)
        on.fill(seed=0)
        device.synchronize()
        marks = [time.perf_counter()]
        backend = load(entry)
        marks.append(time.perf_counter())
        launch = backend.bind(on.a, on.b, on.out, device.stream)
        device.synchronize()
        marks.append(time.perf_counter())
        launch()
        device.synchronize()
        marks.append(time.perf_counter())
    seconds = (after - before for before, after in itertools.pairwise(marks))
    return dict(zip(("import_s", "bind_s", "launch_s"), seconds, strict=True))
