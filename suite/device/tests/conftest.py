"""What the tests of this room share: a made-up NVML."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from suite.device import nvml
from suite.device.tests.an_nvml import H100, NVMLError, refuse


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def made(lacking: str = "", **replaced: Callable[..., Any]) -> None:
        answers: dict[str, Callable[..., Any]] = dict.fromkeys(nvml.QUERIES, refuse)
        answers |= H100 | replaced
        answers.pop(lacking, None)
        binding = SimpleNamespace(NVMLError=NVMLError, **answers)
        monkeypatch.setattr(nvml, "_device", lambda: (binding, "handle"))

    return made
