"""How a bound launch reaches the driver: the short way, and the ordinary one where a library has changed its inside."""

from __future__ import annotations

import ctypes
import importlib
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from backends._walk import walk_contiguous

GRID, BLOCK, STREAM = (7, 1, 1), (256, 1, 1), 5
ARGUMENTS = (11, 2**40 + 1, -3)


def unpacked(places: int, count: int) -> tuple[int, ...]:
    """What the driver finds: an array of addresses, and 64 bits at each."""
    addresses = (ctypes.c_void_p * count).from_address(places)
    return tuple(ctypes.c_int64.from_address(address).value for address in addresses if address)


def cupy_with(launch_kernel: Any) -> Any:
    streams = SimpleNamespace(from_external=lambda stream: ("external", stream.handle))
    return SimpleNamespace(cuda=SimpleNamespace(driver=SimpleNamespace(**launch_kernel), Stream=streams))


def test_cupy_packs_the_arguments_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cupy")
    from backends import cupy_rawkernel

    seen = []

    def launch_kernel(function: int, *rest: int) -> None:
        *shape, places, _ = rest
        seen.append((function, *shape, unpacked(places, len(ARGUMENTS))))

    monkeypatch.setattr(cupy_rawkernel, "cupy", cupy_with({"launchKernel": launch_kernel}))
    monkeypatch.setattr(cupy_rawkernel, "_PROVEN", set())
    prepared = cupy_rawkernel.Prepared(SimpleNamespace(ptr=99), GRID, BLOCK, ARGUMENTS[1:], "")
    enqueue = cupy_rawkernel.enqueuer(prepared, STREAM, ARGUMENTS[:1])
    assert len(seen) == 1
    cupy_rawkernel.enqueuer(prepared, STREAM, ARGUMENTS[:1])
    assert len(seen) == 1, "only the first bind of a process launches"
    enqueue()
    assert seen[1:] == [(99, *GRID, *BLOCK, 0, STREAM, ARGUMENTS)]


@pytest.mark.parametrize("name", ["cupy_rawkernel", "numba_cuda"])
def test_a_form_is_prepared_once(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    pytest.importorskip({"cupy_rawkernel": "cupy"}.get(name, name))
    backend = importlib.import_module(f"backends.{name}")
    loaded: list[Any] = []
    monkeypatch.setattr(backend, "_PREPARED", {})
    monkeypatch.setattr(backend, "require_arithmetic", lambda dtype, capability: None)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    monkeypatch.setattr(backend, "compiled", lambda *key: loaded.append(key))
    monkeypatch.setattr(backend, "enqueuer", lambda *given: given[-1].__len__)
    a, b, out = torch.ones(8), torch.ones(8, 8), torch.empty(8, 8)
    for _ in range(3):
        assert backend.bind(a, b.clone(), out, STREAM)() is out
    assert len(loaded) == 1
    backend.bind(a, torch.ones(65)[1:].view(8, 8), out, STREAM)
    assert len(loaded) == 2


@pytest.mark.parametrize("inside", [{}, {"launchKernel": lambda function: None}])
def test_cupy_without_that_call_launches_by_the_kernels_own(
    inside: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cupy")
    from backends import cupy_rawkernel

    class Kernel:
        ptr = 99
        calls: list[Any] = []  # noqa: RUF012  # one kernel, one list

        def __call__(self, *arguments: Any, stream: Any) -> None:
            self.calls.append((*arguments, stream))

    monkeypatch.setattr(cupy_rawkernel, "cupy", cupy_with(inside))
    monkeypatch.setattr(cupy_rawkernel, "_PROVEN", set())
    kernel = Kernel()
    enqueue = cupy_rawkernel.enqueuer(
        cupy_rawkernel.Prepared(kernel, GRID, BLOCK, ARGUMENTS[1:], ""), STREAM, ARGUMENTS[:1]
    )
    enqueue()
    assert kernel.calls == [(GRID, BLOCK, ARGUMENTS, ("external", STREAM))]


@pytest.mark.parametrize("status", [0, 700])
def test_numba_is_launched_by_the_driver_with_the_arguments_packed_once(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    pytest.importorskip("numba_cuda")
    from backends import _driver, numba_cuda

    seen = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, *[ctypes.c_uint] * 7, *[ctypes.c_void_p] * 3)
    def launch_kernel(kernel: int, *rest: int) -> int:
        *shape, places, _ = rest
        seen.append((kernel, *shape, unpacked(places, len(ARGUMENTS))))
        return status

    code = SimpleNamespace(get_cufunc=lambda: SimpleNamespace(kernel=SimpleNamespace(handle=2**40 + 3)))
    dispatcher = SimpleNamespace(overloads={"signature": SimpleNamespace(_codelibrary=code)})
    monkeypatch.setattr(_driver, "library", lambda: SimpleNamespace(cuLaunchKernel=launch_kernel))
    walked = walk_contiguous(64, 64, "float32")
    enqueue = numba_cuda.enqueuer(dispatcher, walked, STREAM, ARGUMENTS)
    assert not seen
    if status:
        with pytest.raises(RuntimeError, match="refused a launch: CUDA error 700"):
            enqueue()
    else:
        enqueue()
    assert seen == [(2**40 + 3, *walked.grid, walked.block, 1, 1, 0, STREAM, ARGUMENTS)]


def test_numba_without_its_known_inside_launches_by_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba_cuda")
    from backends import numba_cuda

    walked, calls = walk_contiguous(64, 64, "float32"), []

    class Dispatcher:
        overloads = {"signature": SimpleNamespace()}  # noqa: RUF012  # as Numba calls it

        def __getitem__(self, configured: Any) -> Any:
            return lambda *arguments: calls.append((configured, arguments))

    monkeypatch.setattr(numba_cuda, "cuda", SimpleNamespace(external_stream=lambda stream: ("external", stream)))
    enqueue = numba_cuda.enqueuer(Dispatcher(), walked, STREAM, ARGUMENTS)
    enqueue()
    assert calls == [((walked.grid, (walked.block, 1, 1), ("external", STREAM)), ARGUMENTS)]
