"""What the ranks have in common, and what they say to each other: by gloo, which leaves the devices alone."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh

from backends import CannotDo
from suite.measure.timing import Device
from suite.worker.ranks import KEPT

T = TypeVar("T")

SILENCE = timedelta(minutes=10)
"""How long a rank waits for the others, who may be compiling; a rank that died ends all of them much earlier."""


class LostRank(CannotDo):
    """A rank no longer hears the others; the message says which, one line."""


class Mesh:
    """All ranks, one device each."""

    def __init__(self, place: str) -> None:
        """Join the others; place: the GPU's index on this host, or cpu."""
        if place != "cpu":
            torch.cuda.set_device(int(place))
        self.device = Device()
        self.collectives = "nccl" if self.device.kind == "cuda" else "gloo"
        backend = "cpu:gloo,cuda:nccl" if self.device.kind == "cuda" else "gloo"
        dist.init_process_group(backend, timeout=SILENCE)
        self.rank, self.ranks = dist.get_rank(), dist.get_world_size()
        self.hosts = self.ranks // int(os.environ.get("LOCAL_WORLD_SIZE", self.ranks))
        self.torch: DeviceMesh = init_device_mesh(self.device.kind, (self.ranks,))
        self._word = dist.new_group(backend="gloo", timeout=SILENCE)

    def close(self) -> None:
        """Leave the others."""
        dist.destroy_process_group()

    def wait(self) -> None:
        """Return when every rank is here, its device idle."""
        self.device.synchronize()
        with self._hearing():
            dist.barrier(self._word)

    def all(self, mine: T) -> list[T]:
        """What every rank says, by rank."""
        said: list[Any] = [None] * self.ranks
        with self._hearing():
            dist.all_gather_object(said, mine, self._word)
        return said

    def from_first(self, mine: T) -> T:
        """What rank 0 says."""
        said = [mine]
        with self._hearing():
            dist.broadcast_object_list(said, src=0, group=self._word)
        return said[0]

    def broadcast(self, tensor: torch.Tensor) -> None:
        """Enqueue the broadcast of rank 0's tensor into every rank's."""
        with self._hearing():
            dist.broadcast(tensor, src=0)

    @contextlib.contextmanager
    def _hearing(self) -> Iterator[None]:
        """What a collective raises where a rank is gone, in one line. Raises LostRank."""
        try:
            yield
        except RuntimeError as error:  # gloo's; torch.distributed's own errors are such too
            raise LostRank(f"rank {self.rank} no longer hears the others and stops; {KEPT}") from error
