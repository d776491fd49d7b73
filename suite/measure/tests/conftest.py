"""The device that the tests of this room launch on; they are skipped where there is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from suite.measure import timing


@pytest.fixture(scope="module")
def device() -> Iterator[timing.Device]:
    device = timing.Device()
    if device.kind != "cuda":
        pytest.skip("no CUDA device")
    with device.active():
        yield device
