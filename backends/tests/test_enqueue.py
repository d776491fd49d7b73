"""How a bound launch reaches the driver: the short way, and the ordinary one where a library has changed its inside."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any

import pytest

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
    enqueue = cupy_rawkernel.enqueuer(SimpleNamespace(ptr=99), GRID, BLOCK, STREAM, ARGUMENTS)
    assert len(seen) == 1
    cupy_rawkernel.enqueuer(SimpleNamespace(ptr=99), GRID, BLOCK, STREAM, ARGUMENTS)
    assert len(seen) == 1, "only the first bind of a process launches"
    enqueue()
    assert seen[1:] == [(99, *GRID, *BLOCK, 0, STREAM, ARGUMENTS)]


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
    enqueue = cupy_rawkernel.enqueuer(kernel, GRID, BLOCK, STREAM, ARGUMENTS)
    enqueue()
    assert kernel.calls == [(GRID, BLOCK, ARGUMENTS, ("external", STREAM))]


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
