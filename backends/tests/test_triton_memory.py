"""What the drop-in file remembers of a launch, for the next operands of the same form."""

from __future__ import annotations

import copy
import pickle
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from backends.tests import triton_device


@pytest.fixture
def device(tuned: Any, monkeypatch: pytest.MonkeyPatch) -> triton_device.Device:
    """Nothing is remembered at first, and tensors on the CPU say that they are a GPU's."""
    monkeypatch.setattr(tuned.ModelNew, "launches", {})
    monkeypatch.setattr(tuned.ModelNew, "turn", {"to tune": True})
    monkeypatch.setattr(torch.Tensor, "is_cuda", True)
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: False)
    return triton_device.install(monkeypatch, tuned.scale_flat, tuned.scale_tile)


def operands(
    offset: int = 0, shape: tuple[int, int] = (9, 64), dtype: torch.dtype = torch.float32
) -> list[torch.Tensor]:
    """a, b and out; the offset is b's, in elements."""
    return [torch.ones(shape[0], dtype=dtype), shifted(offset, shape, dtype), torch.empty(shape, dtype=dtype)]


def shifted(offset: int, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """A tensor that starts so many elements past a 16-byte boundary."""
    size = torch.Size(shape).numel()
    return torch.ones(size + offset, dtype=dtype)[offset:].view(shape)


def test_a_form_is_compiled_once_and_every_launch_reads_addresses_and_stream_anew(
    tuned: Any, device: triton_device.Device
) -> None:
    for stream in (3, 4, 5):
        device.stream, (a, b, out) = stream, operands()
        assert tuned.scale(a, b, out) is out
        blocks, queue, *arguments = device.launches[-1]
        assert (blocks, queue) == ((1, 1, 1), stream if len(device.launches) > 1 else triton_device.STREAM)
        assert arguments[:3] == [a.data_ptr(), b.data_ptr(), out.data_ptr()]
        assert len(arguments) == len(tuned.scale_flat.fn.params)
    assert [name for name, _ in device.compiled] == ["scale_flat"]
    assert len(device.launches) == 3, "finding out how to launch launched nothing"


def test_all_that_a_launch_depends_on_is_its_form(tuned: Any, device: triton_device.Device) -> None:
    shape = (9, 64)
    a, b, out = operands()
    unlike = [
        (a, b, out),
        (a, shifted(1, shape), out),
        (a, shifted(2, shape), out),
        (a, b, shifted(1, shape)),
        (shifted(1, (9,)), b, out),
        (torch.ones(18)[::2], b, out),
        (a, torch.ones(9, 68)[:, :64], out),
        (a, b, torch.ones(9, 68)[:, :64]),
        (a, torch.ones(64, 9).t(), out),
        (a[:1].expand(9), b, out),
        operands(shape=(64, 9)),
        operands(dtype=torch.float16),
        operands(dtype=torch.bfloat16),
    ]
    for count, each in enumerate(unlike, start=1):
        for _ in range(2):
            tuned.scale(*each)
        assert (len(tuned.ModelNew.launches), len(device.compiled)) == (count, count)


def test_what_is_remembered_is_bounded(tuned: Any, device: triton_device.Device) -> None:
    tuned.ModelNew.launches.update(dict.fromkeys(range(1024)))
    tuned.scale(*operands())
    assert len(tuned.ModelNew.launches) == 1


def test_a_triton_with_another_inside_is_launched_by_its_public_way(
    tuned: Any, device: triton_device.Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled, calls = SimpleNamespace(run=lambda grid: None, function=1, packed_metadata=()), []
    by_grid = lambda *arguments: calls.append(arguments)  # noqa: E731
    inside = type("Inside", (SimpleNamespace,), {"__getitem__": lambda self, grid: by_grid})
    monkeypatch.setattr(tuned.scale_flat.fn, "run", lambda *_, **__: inside(**vars(compiled)))
    for _ in range(2):
        a, b, out = operands()
        tuned.scale(a, b, out)
    (called,) = calls
    assert called[:3] == (a.data_ptr(), b.data_ptr(), out.data_ptr())


@pytest.mark.parametrize("hindrance", ["capture", "another thread"])
def test_where_it_may_not_tune_it_launches_and_remembers_nothing(
    tuned: Any, device: triton_device.Device, monkeypatch: pytest.MonkeyPatch, hindrance: str
) -> None:
    monkeypatch.setattr(tuned, "dram_per_sm", lambda device: 40e9)  # two configs are left
    if hindrance == "capture":
        monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: True)
    else:
        tuned.ModelNew.turn.clear()
    a, b, out = operands()
    monkeypatch.setattr(tuned, "regime", lambda out: "streamed")
    tuned.scale(a, b, out)
    assert [options["BLOCK"] for _, options in device.compiled] == [256]
    assert not tuned.ModelNew.launches


def test_the_tuned_config_is_what_is_remembered_and_the_turn_is_given_back(
    tuned: Any, device: triton_device.Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuned, "dram_per_sm", lambda device: 40e9)
    for _ in range(2):
        tuned.scale(*operands())
    assert [options["num_warps"] for _, options in device.compiled] == [4]
    assert tuned.ModelNew.turn == {"to tune": True}
    monkeypatch.setattr(tuned.scale_flat, "_bench", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tuned.scale(*operands(dtype=torch.float64))
    assert tuned.ModelNew.turn == {"to tune": True}


def test_operands_of_another_device_than_the_current_one(
    tuned: Any, device: triton_device.Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned.scale(*operands())
    entered: list[int] = []
    device.current = 3
    monkeypatch.setattr(torch.cuda, "device", lambda index: entered.append(index) or nullcontext())  # type: ignore[func-returns-value]
    tuned.scale(*operands())
    assert (entered, len(device.launches)) == ([triton_device.CPU], 2)


def test_the_model_can_be_copied_and_pickled(tuned: Any, device: triton_device.Device) -> None:
    model, (a, b, _) = tuned.ModelNew(), operands()
    model(a, b)
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        copied(a, b)
    assert len(device.compiled) == 1
    assert model.state_dict() == {}


def test_gradients_are_not_lost_to_what_is_remembered(tuned: Any, device: triton_device.Device) -> None:
    model, (a, b, _) = tuned.ModelNew(), operands()
    assert not model(a, b).requires_grad
    assert model(a, b.requires_grad_()).requires_grad
    with torch.inference_mode():
        assert not model(a, b).requires_grad
