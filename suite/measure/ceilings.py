"""The ceilings: plain copies of as many bytes as a case moves, measured in the same rounds as the backends.

One is the device's memcpy. The other is the quickest of a family of vector copies on these very operand sets. A short
search chooses it anew for every case, series and restart.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import TypeVar

import torch

from backends import Enqueue
from suite.check.operands import Operands
from suite.measure.plan import CEILINGS
from suite.measure.timing import GraphSampler, Sampler, launches_per_sample

Name = TypeVar("Name")

SAMPLE_S = 3e-4
"""About how long a sample of the search lasts: 10,000 ticks of an H100's clock."""

ROUGH_BYTES_PER_S = 2e12
"""About what a copy reaches, only to choose how many make a sample."""

HEATS = ((4, 4), (12, 1))
"""Takes of every form that is left, then how many forms are left: the best four are looked at again."""


def ceilings(sets: Sequence[Operands]) -> dict[str, tuple[list[Enqueue], str]]:
    """Name -> (one launch per operand set, its form): a device memcpy and the quickest vector copy of as many bytes."""
    pairs = [operands.copy_buffers() for operands in sets]
    memcpy, kernel = CEILINGS
    return {
        memcpy: ([_memcpy(*pair) for pair in pairs], "torch.Tensor.copy_ of flat memory"),
        kernel: _vector_copy(pairs),
    }


def _memcpy(source: torch.Tensor, target: torch.Tensor) -> Enqueue:
    return lambda: target.copy_(source)


def _vector_copy(pairs: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> tuple[list[Enqueue], str]:
    """Triton's quickest copy where it is installed, else a vectorised element-wise kernel of PyTorch."""
    if pairs[0][0].device.type == "cuda" and importlib.util.find_spec("triton") is not None:
        return _quickest_copy(pairs)
    launches: list[Enqueue] = [partial(torch.bitwise_not, source, out=target) for source, target in pairs]
    return launches, "torch.bitwise_not, a vectorised element-wise kernel"


def _quickest_copy(pairs: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> tuple[list[Enqueue], str]:
    from suite.measure.copy_kernel import FORMS, copy

    bound: dict[str, list[Enqueue]] = {str(form): [partial(copy, form, *pair) for pair in pairs] for form in FORMS}
    for launches in bound.values():
        launches[0]()  # compiled before it is captured
    count = launches_per_sample(2 * pairs[0][0].nbytes / ROUGH_BYTES_PER_S + 1e-6, len(pairs), SAMPLE_S)
    with torch.cuda.stream(torch.cuda.Stream()):  # the current one may be the legacy stream, which takes no capture
        samplers = {name: GraphSampler(launches, count) for name, launches in bound.items()}
        chosen = quickest(samplers, torch.cuda.synchronize)
    return bound[chosen], f"{chosen}; the quickest of {len(FORMS)}"


def quickest(samplers: Mapping[Name, Sampler], synchronize: Callable[[], None]) -> Name:
    """The name with the smallest median time, of interleaved takes; those far behind are dropped on the way."""
    left = list(samplers)
    for takes, kept in HEATS:
        for _ in range(takes):
            for name in left:
                samplers[name].take()
        synchronize()
        times_s = {name: median(samplers[name].collect()) for name in left}
        left = sorted(left, key=times_s.__getitem__)[:kept]
    return left[0]
