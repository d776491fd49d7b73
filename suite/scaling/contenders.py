"""The product on one rank's shard: checked there against the oracle, then bound to as many operand sets as it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

import backends
from backends import Enqueue, Entry, _sharded
from suite.cases import Case
from suite.check import gate, operands
from suite.check.operands import Operands
from suite.measure import timing
from suite.measure.timing import Sampler
from suite.record.measurement import Outcome
from suite.scaling.mesh import Mesh
from suite.worker.failures import why

DTENSOR = Entry(
    "torch_dtensor",
    "PyTorch: the eager product of DTensors sharded by rows",
    requires=("torch",),
    devices=("cuda", "cpu"),
    allocates=True,
)
IN_PLACE = replace(DTENSOR, allocates=False)
LOCAL = ("triton_tuned", "torch_broadcast")
"""What runs on local shards: the tuned kernel, and the operator that DTensor itself calls."""

SEED = 40_000
HEADROOM_BYTES = 3 << 29
"""Left free beside the operands: the gate's tiles in float64, graphs, NCCL's buffers."""

SAMPLE_S = 3e-3
"""Twice that of a run on one device: ranks begin up to 0.1 ms apart, as long as their barrier takes."""


def entries(in_place: bool = False) -> tuple[Entry, ...]:
    """The contenders, in order."""
    return (*backends.find(LOCAL), IN_PLACE if in_place else DTENSOR)


@dataclass(frozen=True)
class Shard:
    """This rank's operands of one case."""

    sets: Sequence[Operands]
    needed: int  # so many make every launch find its operands in memory


def fits(case: Case, mesh: Mesh, in_place: bool = False) -> bool:
    """Whether every rank has the memory for one set of operands."""
    return all(mesh.all(_room(mesh) >= operands.bytes_needed(case, 1, in_place)))


def shard(case: Case, mesh: Mesh, cache_bytes: int, in_place: bool = False) -> Shard:
    """As many operand sets as keep the cache cold, or as the ranks' memory holds; one at least."""
    needed = timing.sets_needed(case.bytes_moved, cache_bytes)
    room = (_room(mesh) - fresh_bytes(case)) // max(1, operands.bytes_needed(case, 1, in_place))
    count = max(1, min(needed, timing.MOST_LAUNCHES, *mesh.all(room)))
    return Shard([operands.allocate(case, mesh.device.torch, in_place) for _ in range(count)], needed)


def _room(mesh: Mesh) -> int:
    return mesh.device.free_bytes() - HEADROOM_BYTES


def fresh_bytes(case: Case) -> int:
    """What a contender that allocates C holds at once: the gate's, and one for each of the two graphs."""
    return 3 * case.rows * case.cols * case.itemsize


def sampler(entry: Entry, on: Shard, mesh: Mesh) -> Sampler | Outcome:
    """What takes this contender's samples on this rank, once its C is right on every rank; else why it is not.

    Every rank gets a sampler, or none does.
    """
    mine = _attempt(entry, on, mesh)
    said = mesh.all(mine if isinstance(mine, Outcome) else None)
    wrong = next((f"rank {rank}: {each.reason}" for rank, each in enumerate(said) if each), None)
    first = next((each for each in said if each), None)
    return first.model_copy(update={"reason": wrong}) if first else mine


def _attempt(entry: Entry, on: Shard, mesh: Mesh) -> Sampler | Outcome:
    case = on.sets[0].case
    reason = backends.why_unavailable(entry, mesh.device.kind)
    if reason:
        return Outcome(backend=entry.name, case=case.id, kind="unavailable", reason=reason)
    if entry.allocates and _room(mesh) < fresh_bytes(case):  # to run out while a graph is captured would break it
        reason = f"it allocates C, {fresh_bytes(case) / 2**30:.1f} GiB in all, which are not free"
        return Outcome(backend=entry.name, case=case.id, kind="no_memory", reason=reason)
    try:
        with mesh.device.active():
            bind = binder(entry, mesh)
            gate.check(on.sets[0], entry, bind, mesh.device.synchronize, seed=SEED + 2 * mesh.rank)
            for each in on.sets:
                each.fill(SEED + 2 * mesh.rank, operands.ORDINARY)
                if each.in_place:  # A is 1 or -1, so that B is what it was however often it is multiplied
                    each.a.copy_(torch.ones_like(each.a).copysign(each.a))
            launches = [bind(each) for each in on.sets]
            rough_s = mesh.device.rough_seconds(launches)
            count = timing.launches_per_sample(rough_s, len(launches), SAMPLE_S)
            return mesh.device.sampler(launches, count, entry.capturable)
    except Exception as error:
        kind, reason = why(error)
    return Outcome(backend=entry.name, case=case.id, kind=kind, reason=reason)


def binder(entry: Entry, mesh: Mesh) -> Callable[[Operands], Enqueue]:
    """How this contender is bound to operands on this rank."""
    if entry.name == DTENSOR.name:
        return lambda on: _sharded.bind(on.a, on.b, mesh.torch, on.in_place)

    def bind(on: Operands) -> Enqueue:
        if on.in_place:  # which backends.bind refuses: launch after launch, B would grow
            return backends.load(entry).bind(on.a, on.b, on.out, mesh.device.stream)
        return backends.bind(entry, on.a, on.b, on.out, mesh.device.stream)

    return bind
