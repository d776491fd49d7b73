"""Operands that are more, or less, than their memory: the drop-in file's launch by addresses is not for them.

By it a tensor without memory would be written at address 0, and what lies over the memory would be lost in silence.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import forward_ad

from backends.tests import triton_device

N, M = 9, 64


class Own(torch.Tensor):
    """A subclass, as libraries make them."""


@pytest.fixture
def device(tuned: Any, monkeypatch: pytest.MonkeyPatch) -> triton_device.Device:
    """One on which these very forms are remembered, so that a wrong operand would be launched at once."""
    monkeypatch.setattr(tuned.ModelNew, "launches", {})
    monkeypatch.setattr(tuned.ModelNew, "turn", {"to tune": True})
    monkeypatch.setattr(torch.Tensor, "is_cuda", True)
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: False)
    made = triton_device.install(monkeypatch, tuned.scale_flat, tuned.scale_tile)
    tuned.ModelNew()(torch.ones(N), torch.ones(N, M))
    assert len(tuned.ModelNew.launches) == 1
    made.launches.clear()
    return made


@contextmanager
def fake() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    with FakeTensorMode():
        yield torch.ones(N), torch.ones(N, M)


@contextmanager
def meta() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    yield torch.ones(N, device="meta"), torch.ones(N, M, device="meta")


@pytest.mark.parametrize("made", [fake, meta])
def test_a_tensor_without_memory_gives_one_without_memory_and_nothing_is_launched(
    made: Any, tuned: Any, device: triton_device.Device
) -> None:
    with made() as (a, b):
        found = tuned.ModelNew()(a, b)
        assert (type(found), found.shape, found.dtype, found.device) == (type(b), b.shape, b.dtype, b.device)
    assert device.launches == []


def test_a_distributed_tensor_gives_a_distributed_one(tuned: Any, device: triton_device.Device) -> None:
    from torch import distributed
    from torch.distributed.tensor import DeviceMesh, DTensor, Shard, distribute_tensor

    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(torch.Tensor, "is_cuda", False)
            mesh = DeviceMesh("cpu", [0])
            a, b = (distribute_tensor(each, mesh, [Shard(0)]) for each in (torch.ones(N), 3 * torch.ones(N, M)))
            found = tuned.ModelNew()(a, b)
            assert isinstance(found, DTensor)
            assert torch.equal(found.full_tensor(), 3 * torch.ones(N, M))
    finally:
        distributed.destroy_process_group()
    assert device.launches == []


@pytest.mark.parametrize("transform", ["vmap", "grad"])
def test_functorch_is_refused(transform: str, tuned: Any, device: triton_device.Device) -> None:
    model, a, b = tuned.ModelNew(), torch.ones(N), torch.ones(N, M)
    transforms: dict[str, Callable[[], Any]] = {
        "vmap": lambda: torch.func.vmap(model, in_dims=(None, 0))(a, b.expand(3, N, M)),
        "grad": lambda: torch.func.grad(lambda each: model(a, each).sum())(b),
    }
    with pytest.raises(RuntimeError):
        transforms[transform]()
    assert device.launches == []


@pytest.mark.parametrize("which", [0, 1])
def test_a_tangent_is_carried_on(which: int, tuned: Any, device: triton_device.Device) -> None:
    operands = [2 * torch.ones(N), 3 * torch.ones(N, M)]
    expected = operands[1 - which].clone()
    with forward_ad.dual_level():
        operands[which] = forward_ad.make_dual(operands[which], torch.ones_like(operands[which]))
        found = forward_ad.unpack_dual(tuned.ModelNew()(*operands)).tangent
    assert torch.equal(found, expected if which == 0 else expected[:, None].expand(N, M))


def test_parameters_and_inference_tensors_go_the_short_way(tuned: Any, device: triton_device.Device) -> None:
    model = tuned.ModelNew()
    with torch.no_grad():
        model(nn.Parameter(torch.ones(N)), torch.ones(N, M))
    with torch.inference_mode():
        model(torch.ones(N), torch.ones(N, M))
        assert not tuned.more_than_memory(torch.ones(N), torch.ones(N, M))
    assert len(device.launches) == 2


@pytest.mark.parametrize(
    ("out", "said"),
    [
        (torch.empty(N, M + 1), r"C must be as B, \(9, 64\) torch.float32, not \(9, 65\) torch.float32"),
        (torch.empty(N + 1, M), "C must be as B"),
        (torch.empty(M, N), "C must be as B"),
        (torch.empty(N, M, dtype=torch.float16), "C must be as B, .* not .* torch.float16"),
    ],
)
def test_an_out_that_cannot_hold_the_product_is_refused_each_time(
    out: torch.Tensor, said: str, tuned: Any, device: triton_device.Device
) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match=said):
            tuned.scale(torch.ones(N), torch.ones(N, M), out)
    assert device.launches == []


def test_nothing_is_launched_for_an_empty_c_whatever_is_remembered(tuned: Any, device: triton_device.Device) -> None:
    for shape in ((0, M), (N, 0), (0, 0)):
        for _ in range(2):
            found = tuned.ModelNew()(torch.ones(shape[0]), torch.ones(shape))
            assert found.shape == shape
    assert device.launches == []


def test_the_host_s_memory_is_never_remembered(
    tuned: Any, device: triton_device.Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pinned memory has an address on the device. A remembered launch would ask nobody whether the next one is."""
    monkeypatch.setattr(torch.Tensor, "is_cuda", False)
    tuned.ModelNew.launches.clear()
    for count in (1, 2):
        tuned.scale(torch.ones(N), torch.ones(N, M), torch.empty(N, M))
        assert len(device.compiled) == 1 + count
    assert not tuned.ModelNew.launches


def test_many_threads_launch_their_own_operands_and_what_is_remembered_stays_bounded(
    tuned: Any, device: triton_device.Device
) -> None:
    tuned.ModelNew.launches.update(dict.fromkeys(range(1020)))
    start, threads, products = threading.Barrier(8), 8, 60

    def work(number: int) -> list[int]:
        start.wait()
        written = []
        for at in range(products):
            b = torch.ones(N, M + number * products + at)
            written.append(tuned.ModelNew()(torch.ones(N), b).data_ptr())
            assert len(tuned.ModelNew.launches) <= 1024 + threads
        return written

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    assert len(device.launches) == threads * products
    assert tuned.ModelNew.turn == {"to tune": True}


def test_a_sign_that_is_still_to_be_changed_is(tuned: Any, device: triton_device.Device) -> None:
    a, b = torch.randn(N), torch.randn(N, M)
    negated = torch.complex(torch.zeros(N, M), b).conj().imag
    assert negated.is_neg()
    assert torch.equal(tuned.ModelNew()(a, negated), a[:, None] * -b)
    assert torch.equal(tuned.ModelNew()(torch.complex(a, a).conj().imag, b), -a[:, None] * b)


def test_a_subclass_stays_one(tuned: Any, device: triton_device.Device) -> None:
    found = tuned.ModelNew()(torch.ones(N).as_subclass(Own), torch.ones(N, M))
    assert type(found) is Own
    assert torch.equal(found.as_subclass(torch.Tensor), torch.ones(N, M))


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
def test_a_trace_holds_the_product(tuned: Any, device: triton_device.Device) -> None:
    a, b, other = torch.randn(N), torch.randn(N, M), torch.randn(N, M)
    traced = torch.jit.trace(tuned.ModelNew(), (a, b), check_trace=False)
    assert torch.equal(traced(a, other), a[:, None] * other)
    assert device.launches == []


@pytest.mark.gpu
def test_on_the_gpu_nothing_but_memory_goes_by_what_is_remembered(tuned: Any, stream: torch.cuda.Stream) -> None:
    model, a, b = tuned.ModelNew(), torch.randn(N, device="cuda"), torch.randn(N, M, device="cuda")
    for _ in range(2):
        assert torch.equal(model(a, b), a[:, None] * b)
    with forward_ad.dual_level():
        tangent = forward_ad.unpack_dual(model(forward_ad.make_dual(a, torch.ones_like(a)), b)).tangent
    assert torch.equal(tangent, b)
    negated = torch.complex(torch.zeros_like(b), b).conj().imag
    assert torch.equal(model(a, negated), a[:, None] * -b)
    assert torch.equal(model(a.as_subclass(Own), b).as_subclass(torch.Tensor), a[:, None] * b)
    traced = torch.jit.trace(model, (a, b), check_trace=False)
    assert torch.equal(traced(a, -b), a[:, None] * -b)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        assert model(mode.from_tensor(a), mode.from_tensor(b)).shape == b.shape
    torch.cuda.synchronize()


@pytest.mark.gpu
def test_on_the_gpu_memory_of_the_host_is_refused_though_pinned_memory_was_not(
    tuned: Any, stream: torch.cuda.Stream
) -> None:
    a, b, out = (torch.full(shape, 2.0).pin_memory() for shape in ((N,), (N, M), (N, M)))
    tuned.scale(a, b, out)
    torch.cuda.synchronize()
    assert torch.equal(out, torch.full((N, M), 4.0))
    with pytest.raises(ValueError, match="cpu tensor"):
        tuned.scale(torch.ones(N), torch.ones(N, M), torch.empty(N, M))
