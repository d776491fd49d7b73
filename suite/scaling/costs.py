"""What leaving one device costs beside the product itself: DTensor's dispatch, and A's broadcast from one rank."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import torch

from backends import CannotDo, _sharded
from suite.cases import Case
from suite.check import operands
from suite.measure import events
from suite.record.measurement import Method
from suite.record.scaling import Broadcast, Dispatch
from suite.scaling.mesh import Mesh

SMALL = Case(256, 256)
"""So little to do that the host's time is all."""

ROUNDS, CALLS = 40, 20

DELAY_CYCLES = 4 * CALLS * events.DELAY_CYCLES_PER_LAUNCH
"""How long the device waits first while two times CALLS are enqueued: 4 ms at 2 GHz, 100 us a call."""

MOST_CYCLES = 100 * DELAY_CYCLES


class CannotQueue(CannotDo):
    """The host cannot enqueue ahead of the device; the message says what may be the reason."""


def dispatch(mesh: Mesh) -> Dispatch:
    """Host time per call through DTensor and of the same operator on the shard, interleaved; medians, slowest rank."""
    on = operands.allocate(SMALL, mesh.device.torch)
    on.fill(1)
    with mesh.device.active():
        through, column = _sharded.bind(on.a, on.b, mesh.torch), on.a.unsqueeze(1)
        ways: tuple[Callable[[], object], ...] = (through, lambda: column * on.b)
        samples: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS):
            for way, kept in zip(ways, samples, strict=True):
                mesh.wait()
                way()
                mesh.device.synchronize()
                start = time.perf_counter_ns()
                for _ in range(CALLS):
                    way()
                kept.append((time.perf_counter_ns() - start) / 1e9 / CALLS)
                mesh.device.synchronize()
    dtensor_s, local_s = (max(mesh.all(median(kept))) for kept in samples)
    return Dispatch(case=SMALL.id, dtensor_s=dtensor_s, local_s=local_s)


def broadcast(mesh: Mesh, whole: Case, product_s: float | None) -> Broadcast:
    """Seconds per broadcast of the whole A from rank 0: the median round of the slowest rank, CALLS in a row.

    Raises CannotQueue.
    """
    a = torch.ones(whole.rows, dtype=getattr(torch, whole.dtype), device=mesh.device.torch)
    sample = _queued if mesh.device.kind == "cuda" else _looped
    times: list[float] = []
    cycles = DELAY_CYCLES
    with mesh.device.active():
        mesh.broadcast(a)  # the first one makes the connections
        while len(times) < ROUNDS:
            mesh.wait()
            seconds = mesh.all(sample(lambda: mesh.broadcast(a), cycles))
            known = [each for each in seconds if each is not None]
            if len(known) == mesh.ranks:
                times.append(max(known))
            elif (cycles := 2 * cycles) > MOST_CYCLES:
                raise CannotQueue("broadcasts do not queue up behind a delay; is CUDA_LAUNCH_BLOCKING set?")
    method: Method = "cuda_events" if mesh.device.kind == "cuda" else "host_clock"
    size = a.numel() * a.itemsize
    return Broadcast(whole=whole.id, bytes=size, method=method, seconds=median(times), product_s=product_s)


def _queued(enqueue: Callable[[], None], cycles: int) -> float | None:
    """The device's seconds per call, CALLS in a row; None where its delay ended before the host had enqueued them all.

    As many go before, untimed: ranks begin up to 0.1 ms apart, and by then they have met.
    """
    (waited, _), (before, after) = events.event_pair(), events.event_pair()
    torch.cuda._sleep(cycles)
    waited.record()
    for _ in range(CALLS):
        enqueue()
    before.record()
    for _ in range(CALLS):
        enqueue()
    after.record()
    late = waited.query()
    torch.cuda.synchronize()
    return None if late else events.elapsed([(before, after)], CALLS)[0]


def _looped(call: Callable[[], None], _: int) -> float:
    """Seconds per call on the CPU, CALLS in a row."""
    start = time.perf_counter_ns()
    for _ in range(CALLS):
        call()
    return (time.perf_counter_ns() - start) / 1e9 / CALLS
