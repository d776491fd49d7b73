"""A GPU that is here and cannot be used is told, and never silently replaced by the CPU."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from suite import command_line
from suite.device import chosen


class NVMLError(Exception):
    """As the binding's."""


def refuse(*_: object) -> Any:
    raise NVMLError("Driver/library version mismatch")


def binding(**replaced: Any) -> SimpleNamespace:
    answers = {
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlDeviceGetCount": lambda: 1,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetName": lambda handle: b"NVIDIA GeForce RTX 4090",
        "nvmlSystemGetDriverVersion": lambda: "535.104.05",
        "nvmlSystemGetCudaDriverVersion": lambda: 12020,
    }
    return SimpleNamespace(NVMLError=NVMLError, **(answers | replaced))


@pytest.fixture(autouse=True)
def _too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    def init() -> None:
        raise RuntimeError("The NVIDIA driver on your system is too old (found version 12020).\nPlease update.")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "init", init)
    monkeypatch.setitem(sys.modules, "pynvml", binding())
    monkeypatch.delenv(chosen.VISIBLE, raising=False)


def test_a_driver_that_is_too_old_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.run("judge", lambda: len(chosen.kind()), cannot=3) == 3
    (line,) = capsys.readouterr().err.splitlines()
    for word in (
        "RTX 4090",
        "driver 535.104.05, for CUDA 12.2",
        torch.__version__,
        "too old",
        "CUDA_VISIBLE_DEVICES=-1",
    ):
        assert word in line


@pytest.mark.parametrize("value", ["", "-1", "NoDevFiles"])
def test_the_cpu_is_measured_when_it_is_asked_for(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(chosen.VISIBLE, value)
    assert chosen.kind() == "cpu"


@pytest.mark.parametrize("value", ["7", "GPU-0b1c", "MIG-77"])
def test_a_gpu_that_is_not_here_is_told_by_its_name(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(chosen.VISIBLE, value)
    with pytest.raises(chosen.UnusableGpu, match=f"CUDA_VISIBLE_DEVICES={value}"):
        chosen.kind()


@pytest.mark.parametrize(
    "made", [binding(nvmlDeviceGetCount=lambda: 0), binding(nvmlInit=refuse), None], ids=["no GPU", "no driver", "none"]
)
def test_without_a_gpu_it_is_the_cpu(made: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(chosen, "CONTROL_FILE", tmp_path / "absent")
    monkeypatch.setitem(sys.modules, "pynvml", made)
    assert chosen.kind() == "cpu"


def test_a_gpu_that_nvml_cannot_ask_is_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(chosen, "CONTROL_FILE", tmp_path)
    monkeypatch.setitem(sys.modules, "pynvml", binding(nvmlInit=refuse))
    with pytest.raises(chosen.UnusableGpu, match="Driver/library version mismatch"):
        chosen.kind()


def test_the_worker_that_cannot_start_says_why_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, where the GPU that cannot be used is made up."""
    from suite.worker import server

    said: list[tuple[object, ...]] = []

    class Connection:
        def send(self, content: tuple[object, ...]) -> None:
            said.append(content)

        def poll(self, timeout: float | None) -> bool:
            return True

    def exits(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setattr("os._exit", exits)
    with pytest.raises(SystemExit):
        server.serve(Connection(), 0.0)  # type: ignore[arg-type]
    *_, (tag, kind, doing, reason) = said
    assert (tag, kind, doing) == ("failed", "unavailable", "")
    assert "RTX 4090" in str(reason)
