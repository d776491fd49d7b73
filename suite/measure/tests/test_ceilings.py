"""Which copy becomes the ceiling, and that every one of them copies."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

from suite.cases import Case
from suite.check import operands
from suite.measure import ceilings, timing
from suite.measure.plan import CEILINGS
from suite.measure.timing import Sampler


class Made(Sampler):
    """A copy of this time, which scatters by 1 % and whose first take is slow."""

    method, launches = "cuda_graph", 1

    def __init__(self, seconds: float) -> None:
        self.seconds, self.taken, self.took = seconds, [seconds * 9], 0
        self._random = random.Random(seconds)

    def take(self) -> None:
        self.took += 1
        self.taken.append(self.seconds * self._random.uniform(0.99, 1.01))

    def collect(self) -> list[float]:
        taken, self.taken = self.taken, []
        return taken

    def enqueue_timed(self) -> None:
        raise NotImplementedError


def test_the_quickest_is_found_and_only_the_best_are_looked_at_twice() -> None:
    made = {name: Made(1e-5 * (1 + 0.03 * (name - 4) ** 2)) for name in range(10)}
    assert ceilings.quickest(made, lambda: None) == 4
    took = {name: one.took for name, one in made.items()}
    assert took[4] == sum(takes for takes, _ in ceilings.HEATS)
    assert took[9] == ceilings.HEATS[0][0]
    assert sum(count > took[9] for count in took.values()) == ceilings.HEATS[0][1]


def test_the_cpu_s_ceilings_move_the_case_s_bytes() -> None:
    (on,) = made = [operands.allocate(Case(33, 17), torch.device("cpu"))]
    found = ceilings.ceilings(made)
    source, target = on.copy_buffers()
    assert tuple(found) == CEILINGS
    for (launch,), form in found.values():
        target.zero_()
        launch()
        assert form
        assert torch.equal(target, source) or torch.equal(target, ~source)


@pytest.mark.gpu
def test_every_form_copies_and_one_of_them_is_chosen() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    copies: Any = pytest.importorskip("suite.measure.copy_kernel")
    device = timing.Device()
    with device.active():
        sets = [operands.allocate(Case(1000, 333), device.torch) for _ in range(3)]
        sets[0].fill(1)
        source, target = sets[0].copy_buffers()
        for form in copies.FORMS:
            target.zero_()
            copies.copy(form, source, target)
            device.synchronize()
            assert torch.equal(target, source), form
        _, form = ceilings.ceilings(sets)[CEILINGS[1]]
        assert form.partition(";")[0] in map(str, copies.FORMS)
    with torch.cuda.stream(torch.cuda.default_stream()):  # which takes no capture
        assert ceilings.ceilings(sets)[CEILINGS[1]][1]
