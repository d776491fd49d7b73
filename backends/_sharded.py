"""The product on tensors that no single device holds: A, B and C sharded by rows over a mesh, as torch's DTensor."""

from __future__ import annotations

import torch
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor import DTensor, Shard

from backends import Enqueue, Unsupported, named


def bind(a: torch.Tensor, b: torch.Tensor, mesh: DeviceMesh, in_place: bool = False) -> Enqueue:
    """The eager product of DTensors whose shards on this rank are a: (n, ) and b: (n, M); its launch returns C's shard.

    Every rank of the mesh binds its own. C takes B's place or is allocated, since DTensor's operators have no out.
    Raises Unsupported where C would not come out sharded by rows, which would move it between devices.
    """
    whole_a, whole_b = (DTensor.from_local(shard, mesh, [Shard(0)], run_check=False) for shard in (a, b))
    if in_place:  # what it writes is placed as B is, or DTensor refuses
        return named(lambda: whole_b.mul_(whole_a.unsqueeze(1)).to_local(), "DTensor, Shard(0): eager, in place")
    placements = (whole_a.unsqueeze(1) * whole_b).placements
    if placements != (Shard(0),):
        raise Unsupported(f"DTensor's product is placed as {placements}, not sharded by rows")
    return named(lambda: (whole_a.unsqueeze(1) * whole_b).to_local(), "DTensor, Shard(0): eager broadcasting")
