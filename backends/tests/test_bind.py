"""What backends.bind makes of a backend's own bind, and of operands that one backend cannot take."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import backends
from backends import Entry, Launch, Unsupported, find, named
from backends._candidate import DropIn

(TORCH,) = find(["torch_broadcast"])
(CPU_ONLY,) = find(["numpy_broadcast"])


def operands(rows: int = 4, cols: int = 6, dtype: torch.dtype = torch.float32) -> list[torch.Tensor]:
    return [torch.ones(rows, dtype=dtype), torch.ones(rows, cols, dtype=dtype), torch.zeros(rows, cols, dtype=dtype)]


def refused(entry: Entry, on: Sequence[torch.Tensor], error: type[Exception]) -> str:
    with pytest.raises(error) as caught:
        backends.bind(entry, *on)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_right_operands_are_bound() -> None:
    a, b, out = operands()
    assert torch.equal(backends.bind(TORCH, a, b, out)(), a[:, None] * b)


class WithoutAttributes:
    """A launch that cannot be told anything, as builtins and bound methods cannot."""

    __slots__ = ("on",)

    def __init__(self, on: Sequence[torch.Tensor]) -> None:
        self.on = on

    def __call__(self) -> torch.Tensor:
        a, b, out = self.on
        return torch.mul(a[:, None], b, out=out)


def returning(launch: object, monkeypatch: pytest.MonkeyPatch) -> Launch:
    """What backends.bind makes of what a backend's own bind returns."""
    backend = SimpleNamespace(bind=lambda a, b, out, stream: launch)
    monkeypatch.setattr(backends, "load", lambda entry: backend)
    return backends.bind(TORCH, *operands())


def test_every_bound_launch_names_its_form(monkeypatch: pytest.MonkeyPatch) -> None:
    on = operands()
    for launch in (WithoutAttributes(on), partial(torch.mul, on[0][:, None], on[1], out=on[2])):
        bound = returning(launch, monkeypatch)
        assert bound.form == ""
        assert torch.equal(bound(), on[0][:, None] * on[1])


def test_a_plain_function_is_launched_without_a_call_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    def launch() -> torch.Tensor:
        return torch.empty(0)

    vars(launch).update(operands="held")
    bound: Any = returning(launch, monkeypatch)
    assert bound is launch
    assert vars(bound)["operands"] == "held"


def test_a_form_is_left_as_the_backend_words_it(monkeypatch: pytest.MonkeyPatch) -> None:
    launch = named(lambda: torch.empty(0), "rows at once", operands=(torch.ones(1),))
    assert returning(launch, monkeypatch) is launch
    assert launch.form == "rows at once"


def test_what_is_no_launch_is_left_to_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    assert returning(None, monkeypatch) is None


def test_addresses_keep_their_memory() -> None:
    memory = torch.ones(3)
    alive = weakref.ref(memory)
    launch = named(lambda: torch.empty(0), operands=(memory,))
    del memory
    assert alive() is not None
    del launch
    assert alive() is None


def test_dtypes_that_are_not_supported() -> None:
    assert "bfloat16" in refused(CPU_ONLY, operands(dtype=torch.bfloat16), Unsupported)


def test_a_device_that_the_backend_does_not_run_on() -> None:
    (triton,) = find(["triton_tuned"])
    assert "cpu" in refused(triton, operands(), Unsupported)


def test_an_output_without_elements_shares_none_whatever_its_strides() -> None:
    a, b, out = torch.ones(0), torch.ones(0, 5), torch.empty(16).as_strided((0, 5), (1, 0))
    assert backends.bind(TORCH, a, b, out)() is out


def test_a_new_c_is_returned_by_the_backends_own_way_or_by_bind() -> None:
    a, b, _ = operands()
    for entry in (TORCH, CPU_ONLY):
        product = backends.fresh(entry, a, b)
        first, second = product(), product()
        assert torch.equal(first, a[:, None] * b)
        assert first.data_ptr() != second.data_ptr()


def test_a_candidate_s_model_is_made_once_and_called_as_a_user_does(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, _ = operands()
    made: list[torch.nn.Module] = []

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            return a[:, None] * b

    backend = DropIn(Model)
    monkeypatch.setattr(backends, "load", lambda entry: backend)
    for _ in range(2):
        product = backends.fresh(TORCH, a, b)
        assert torch.equal(product(), product())
    assert len(made) == 1
