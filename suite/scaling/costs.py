"""What leaving one device costs beside the product itself: DTensor's dispatch, and A's broadcast from one rank."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import torch

from backends import _sharded
from suite.cases import Case
from suite.check import operands
from suite.record.scaling import Broadcast, Dispatch
from suite.scaling.mesh import Mesh

SMALL = Case(256, 256)
"""So little to do that the host's time is all."""

ROUNDS, CALLS = 40, 20


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
    """Seconds per broadcast of the whole A from rank 0: the median round of the slowest rank, CALLS in a row."""
    a = torch.ones(whole.rows, dtype=getattr(torch, whole.dtype), device=mesh.device.torch)
    with mesh.device.active():
        for _ in range(3):
            mesh.broadcast(a)
        times: list[float] = []
        for _ in range(ROUNDS):
            mesh.wait()
            start = time.perf_counter_ns()
            for _ in range(CALLS):
                mesh.broadcast(a)
            mesh.device.synchronize()
            times.append((time.perf_counter_ns() - start) / 1e9 / CALLS)
    everyone = mesh.all(times)
    seconds = median(max(of_round) for of_round in zip(*everyone, strict=True))
    return Broadcast(whole=whole.id, bytes=a.numel() * a.itemsize, seconds=seconds, product_s=product_s)
