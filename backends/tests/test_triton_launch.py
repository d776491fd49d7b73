"""How the Triton backends are bound, and what the untuned ones compute and refuse."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from backends import Unsupported, find, fresh, load
from backends.tests import matrix, triton_device
from backends.tests.test_triton_kernels import on_meta
from backends.tests.triton_child import child, wrong


def interpret_baselines() -> dict[str, tuple[int, dict[str, int]]]:
    """Backend -> rows of C, of 200, that it writes with 64-row tiles, and wrong elements with every config."""
    results = {}
    for name in ("triton_baseline", "triton_baseline_mended"):
        (entry,) = find([name])
        backend: Any = load(entry)
        case = matrix.operands((200, 40), "float16", "row_padded")
        kernel, *_ = backend.launch_arguments(case.a, case.b, case.out)
        wrongs = {}
        for config in kernel.configs:
            kernel.configs = [config]
            launch = backend.bind(case.a, case.b, case.out, 0)
            wrongs[launch.form] = wrong(launch, case)
            if config.kwargs["BLOCK_N"] == 64:
                rows = int((case.out != matrix.POISON).any(dim=1).sum())
        results[name] = rows, wrongs
    return results


def test_a_form_is_chosen_once_and_each_launch_has_its_operands(monkeypatch: pytest.MonkeyPatch) -> None:
    tuned = pytest.importorskip("backends.triton_tuned")
    from backends import _triton_launch as launching

    device = triton_device.install(monkeypatch, tuned.scale_flat)
    monkeypatch.setattr(tuned.scale_flat, "configs", tuned.scale_flat.configs[:1])
    monkeypatch.setattr(launching, "_CHOSEN", {})
    cases = [matrix.operands((70, 64), "float32", "contiguous") for _ in range(2)]
    launches = [launching.Bound(tuned).bind(case.a, case.b, case.out, 9) for case in cases]
    assert len(device.compiled) == 1
    device.launches.clear()
    for case, launch in zip(cases, launches, strict=True):
        assert launch() is case.out
        assert launch.form == "dense streamed, by row, whole vectors, BLOCK 512, 16 warps"
    expected = [[t.data_ptr() for t in (case.a, case.b, case.out)] for case in cases]
    assert [list(arguments[:3]) for _, _, *arguments in device.launches] == expected
    assert [launched[:2] for launched in device.launches] == [((3, 1, 1), 9)] * 2


class Inside:
    """A compiled kernel of a Triton whose launcher is as given; notes how it was enqueued."""

    function, packed_metadata = 1, (2,)

    def __init__(self, launcher: Any) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.run = launcher

    def __getitem__(self, grid: tuple[int, int, int]) -> Any:
        return lambda *arguments, stream: self.calls.append((grid, stream, *arguments))


class Launcher:
    """One that calls into C as often as it is told, and may ask for memory."""

    profile_scratch_size = 0

    def __init__(self, times: int, scratch: int = 0, swaps: bool = False) -> None:
        self.times, self.global_scratch_size, self.swaps = times, scratch, swaps

    def launch(self, *given: Any) -> None:
        raise AssertionError("nothing is launched to find out")

    def __call__(self, *given: Any) -> None:
        for _ in range(self.times):
            self.launch(*(given[::-1] if self.swaps else given))


@pytest.mark.parametrize(
    "launcher", [None, lambda *given: None, Launcher(0), Launcher(2), Launcher(1, 64), Launcher(1, swaps=True)]
)
def test_a_triton_with_another_inside_is_enqueued_by_its_public_way(launcher: Any) -> None:
    pytest.importorskip("triton")
    from backends import _triton_launch as launching

    kernel, tensor = Inside(launcher), torch.ones(3)
    launching.enqueuer(kernel, (7, 1, 1), 5, (tensor, 4))()
    assert kernel.calls == [((7, 1, 1), 5, tensor, 4)]


def test_the_baselines_grid_leaves_rows_unwritten_and_the_mended_one_does_not() -> None:
    results = child(interpret_baselines, interpret=True)
    rows, wrongs = results["triton_baseline"]
    assert rows == 128
    assert {form: count > 0 for form, count in wrongs.items()} == {form: "BLOCK_N 64" in form for form in wrongs}
    assert len(wrongs) == 5
    rows, wrongs = results["triton_baseline_mended"]
    assert rows == 200
    assert set(wrongs.values()) == {0}


@pytest.mark.parametrize(
    ("rows", "cols", "reason"), [(2**15, 2**15, "2\\^30 elements are too large"), (1, 2**24, "too many")]
)
def test_the_baselines_refuse_what_their_indices_or_grid_can_not_hold(rows: int, cols: int, reason: str) -> None:
    for name in ("triton_baseline", "triton_baseline_mended"):
        backend: Any = load(*find([name]))
        with pytest.raises(Unsupported, match=reason):
            backend.bind(*on_meta(rows, cols, (cols, 1), (cols, 1)), 0)


def test_a_new_c_of_the_drop_in_is_its_models() -> None:
    tuned = pytest.importorskip("backends.triton_tuned")
    (entry,) = find(["triton_tuned"])
    product: Any = fresh(entry, torch.ones(2), torch.ones(2, 3))
    assert isinstance(product.func, tuned.ModelNew)
