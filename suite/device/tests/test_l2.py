"""Lines that L2 was asked to keep are given up where there is a driver, and nothing happens where there is none."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Literal

import pytest

from suite.device import l2
from suite.measure.timing import Device


@pytest.mark.parametrize("kind", ["cuda", "cpu"])
def test_a_device_that_settles_is_idle_first_and_forgets_then(
    kind: Literal["cuda", "cpu"], monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[str] = []

    def loaded(name: str) -> SimpleNamespace:
        assert name == "libcuda.so.1"
        return SimpleNamespace(cuCtxResetPersistingL2Cache=lambda: log.append("forget"))

    device = Device()
    device.kind = kind
    monkeypatch.setattr(ctypes, "CDLL", loaded)
    monkeypatch.setattr(device, "synchronize", lambda: log.append("wait"))
    device.settle()
    assert log == (["wait", "forget"] if kind == "cuda" else ["wait"])


@pytest.mark.parametrize("error", [OSError("no libcuda.so.1"), AttributeError("an old driver")])
def test_without_a_driver_that_can_nothing_happens(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def loaded(name: str) -> SimpleNamespace:
        raise error

    monkeypatch.setattr(ctypes, "CDLL", loaded)
    l2.forget_kept()
