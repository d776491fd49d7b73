"""Energy per launch, from a made-up NVML; and from the real one on a GPU."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from backends import find, load
from suite.cases import HEADLINE
from suite.check import operands
from suite.device import nvml
from suite.device.tests.an_nvml import answer
from suite.measure import timing


def test_energy_is_counted_from_step_to_step(gpu: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """A board at 300 W whose counter steps every 0.1 s, with launches of 1 ms: 0.3 J each."""
    clock = SimpleNamespace(now=0.033)
    monkeypatch.setattr(nvml, "time", SimpleNamespace(monotonic=lambda: clock.now))
    gpu(nvmlDeviceGetTotalEnergyConsumption=lambda handle: 777 + int(clock.now / 0.1) * 30_000)

    def launch() -> torch.Tensor:
        clock.now += 1e-3
        return torch.empty(0)

    found = nvml.energy("triton_tuned", HEADLINE, [launch, launch], lambda: None)
    assert found is not None
    assert (found.backend, found.case) == ("triton_tuned", HEADLINE.id)
    assert found.joules_per_launch == pytest.approx(0.3, rel=0.05)
    assert found.launches * 1e-3 == pytest.approx(found.seconds)
    assert nvml.ENERGY_S <= found.seconds < nvml.ENERGY_S + 0.2


def test_a_counter_that_begins_anew_is_none(gpu: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.033)
    monkeypatch.setattr(nvml, "time", SimpleNamespace(monotonic=lambda: clock.now))
    gpu(nvmlDeviceGetTotalEnergyConsumption=lambda handle: (9 - int(clock.now / 0.1)) % 10 * 30_000)

    def launch() -> torch.Tensor:
        clock.now += 1e-3
        return torch.empty(0)

    assert nvml.energy("right", HEADLINE, [launch], lambda: None) is None


def test_a_counter_that_stands_still_is_none(gpu: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvml, "ENERGY_MOST_S", 0.01)
    gpu(nvmlDeviceGetTotalEnergyConsumption=answer(5))
    assert nvml.energy("right", HEADLINE, [lambda: torch.empty(0)], lambda: None) is None


@pytest.mark.gpu
def test_a_real_launch_takes_energy() -> None:
    device = timing.Device()
    if device.kind != "cuda":
        pytest.skip("no CUDA device")
    if nvml._ask("nvmlDeviceGetTotalEnergyConsumption") is None:
        pytest.skip("the device has no energy counter")
    with device.active():
        on = operands.allocate(HEADLINE, device.torch)
        on.fill(1)
        launch = load(find(["torch_broadcast"])[0]).bind(on.a, on.b, on.out, device.stream)
        found = nvml.energy("torch_broadcast", HEADLINE, [launch], device.synchronize)
    assert found is not None
    assert 10 < found.joules_per_launch * found.launches / found.seconds < 2000  # watts
