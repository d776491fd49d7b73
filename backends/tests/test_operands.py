"""What are no operands is refused in one sentence, by bind and for every backend alike; all else is computed."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import forward_ad

import backends
from backends import CATALOGUE, BadOperands, Entry, _operands, find

EAGER = find(["torch_broadcast", "numpy_broadcast"])
ROWS, COLS = 4, 6
Three = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


class Traced(torch.Tensor):
    """A subclass, as libraries make them."""


def good(**made: Any) -> Three:
    return torch.ones(ROWS, **made), torch.ones(ROWS, COLS, **made), torch.zeros(ROWS, COLS, **made)


def with_out(made: Callable[[Three], torch.Tensor]) -> Three:
    on = good()
    return (*on[:2], made(on))


def of_one_buffer(at: int) -> Three:
    """B and out in one buffer, out `at` elements after B's first."""
    buffer = torch.ones(200)
    return torch.ones(ROWS), buffer[: ROWS * COLS].view(ROWS, COLS), buffer[at:].as_strided((ROWS, COLS), (COLS, 1))


def emptied() -> torch.Tensor:
    out = torch.zeros(ROWS, COLS)
    out.untyped_storage().resize_(0)
    return out


def quietly(make: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """What torch warns of making: that it is a prototype, or will go."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make(torch.ones(ROWS, COLS))


def sparse(layout: str) -> torch.Tensor:
    return quietly(lambda of: getattr(of, f"to_{layout}")())


def _negated() -> torch.Tensor:
    return torch.ones(ROWS, COLS, dtype=torch.complex64).conj().imag


def quantised(of: torch.Tensor) -> torch.Tensor:
    return torch.quantize_per_tensor(of, 0.5, 0, torch.quint8)


def nested(of: torch.Tensor) -> torch.Tensor:
    return torch.nested.nested_tensor([*of])


def _lent() -> torch.Tensor:
    with torch.inference_mode():
        return torch.zeros(ROWS, COLS)


BAD: dict[str, tuple[Callable[[], Three], str]] = {
    "a of another length": (lambda: (torch.ones(5), *good()[1:]), r"not \(5,\), \(4, 6\) and \(4, 6\)"),
    "out transposed": (lambda: with_out(lambda on: torch.zeros(COLS, ROWS)), r"\(6, 4\)"),
    "a column": (lambda: (torch.ones(ROWS, 1), *good()[1:]), r"\(4, 1\)"),
    "vectors": (lambda: (torch.ones(4), torch.ones(4), torch.ones(4)), r"\(4,\), \(4,\) and \(4,\)"),
    "a scalar a": (lambda: (torch.tensor(1.0), *good()[1:]), r"\(\), \(4, 6\)"),
    "scalars": (lambda: (torch.tensor(1.0), torch.tensor(1.0), torch.tensor(0.0)), r"\(\), \(\) and \(\)"),
    "dtypes that differ": (lambda: (torch.ones(ROWS).double(), *good()[1:]), "float64, float32 and float32"),
    "integers": (lambda: good(dtype=torch.int32), "not int32"),
    "truth values": (lambda: good(dtype=torch.bool), "not bool"),
    "complex numbers": (lambda: good(dtype=torch.complex64), "not complex64"),
    "eight bits": (lambda: tuple(x.to(torch.float8_e5m2) for x in good()), "not float8_e5m2"),
    "two devices": (lambda: (good()[0], good()[1].to("meta"), good()[2]), "cpu, meta and cpu"),
    "no device": (lambda: good(device="meta"), "not on meta"),
    "a gradient of a": (lambda: (good()[0].requires_grad_(), *good()[1:]), r"a requires gradients.*a\.detach"),
    "a gradient of out": (lambda: with_out(lambda on: on[2].requires_grad_()), r"out\.detach"),
    "a parameter": (lambda: with_out(lambda on: torch.nn.Parameter(on[2], False)), r"not torch\.nn\.parameter"),
    "a subclass": (lambda: (good()[0], good()[1].as_subclass(Traced), good()[2]), "not .*Traced"),
    "an array": (lambda: (good()[0].numpy(), *good()[1:]), r"not numpy\.ndarray"),
    "COO": (lambda: (good()[0], sparse("sparse"), good()[2]), "not a sparse_coo"),
    "CSR": (lambda: (good()[0], sparse("sparse_csr"), good()[2]), "not a sparse_csr"),
    "MKL-DNN": (lambda: (good()[0], sparse("mkldnn"), good()[2]), "not a .*mkldnn"),
    "a negation to be done": (lambda: (good()[0], _negated(), good()[2]), r"b\.resolve_neg"),
    "out with a stride of 0": (lambda: with_out(lambda on: on[2][:1].expand(ROWS, COLS)), r"strides are \(0, 1\)"),
    "rows of out overlap": (lambda: with_out(lambda on: torch.zeros(99).as_strided((4, 6), (5, 1))), r"\(5, 1\)"),
    "columns of out meet": (lambda: with_out(lambda on: torch.zeros(99).as_strided((4, 6), (2, 3))), r"\(2, 3\)"),
    "out is b": (lambda: with_out(lambda on: on[1]), "out shares memory with b"),
    "out is a part of b": (lambda: of_one_buffer(ROWS * COLS - 1), "out shares memory with b"),
    "out holds a": (lambda: (lambda out: (out[:, 2], torch.ones(ROWS, COLS), out))(torch.ones(ROWS, COLS)), "with a"),
    "quantised": (lambda: with_out(lambda on: quietly(quantised)), "float32, float32 and quint8"),
    "nested": (lambda: (good()[0], quietly(nested), good()[2]), "b must be a strided tensor, not a nested one"),
    "no out": (lambda: with_out(lambda on: None), r"out must be .* not builtins\.NoneType"),
    "out to be written in inference alone": (lambda: with_out(lambda on: _lent()), r"inference_mode"),
    "zeros without memory": (lambda: (good()[0], torch._efficientzerotensor(ROWS, COLS), good()[2]), "b has no memory"),
    "memory given back": (lambda: with_out(lambda on: emptied()), "out reaches past the 0 elements"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_no_backend_could_take_is_one_sentence_for_every_backend(kind: str) -> None:
    make, said = BAD[kind]
    found = set()
    for entry in CATALOGUE:
        with pytest.raises(BadOperands, match=said) as caught:
            backends.bind(entry, *make())
        found.add(str(caught.value))
    (sentence,) = found
    assert len(sentence.splitlines()) == 1
    assert len(sentence) < 200


@pytest.mark.parametrize("under", [torch.func.vmap, torch.func.functionalize])
def test_what_stands_for_other_tensors_is_refused(under: Callable[..., Any]) -> None:
    def bound(a: torch.Tensor) -> torch.Tensor:
        for entry in CATALOGUE:
            with pytest.raises(BadOperands, match=r"a stands for others inside torch\.func"):
                backends.bind(entry, a, *good()[1:])
        return a

    under(bound)(torch.ones(ROWS, ROWS) if under is torch.func.vmap else torch.ones(ROWS))


def test_a_tangent_is_refused() -> None:
    a, b, out = good()
    with forward_ad.dual_level():
        b = forward_ad.make_dual(b, b.clone())
        for entry in CATALOGUE:
            with pytest.raises(BadOperands, match="b carries a tangent"):
                backends.bind(entry, a, b, out)


@pytest.mark.parametrize("kind", ["a of another length", "integers", "a gradient of a", "COO", "no device"])
def test_the_call_that_returns_a_new_c_refuses_them_too(kind: str) -> None:
    make, _ = BAD[kind]
    with pytest.raises(BadOperands):
        backends.fresh(EAGER[0], *make()[:2])


def test_another_cuda_device_than_the_current_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    on = {name: _On("cuda:1") for name in ("a", "b", "out")}
    with pytest.raises(BadOperands, match=r"cuda:1, but the current one is cuda:0; enter torch\.cuda\.device"):
        _operands._require_alike(on)


class _On:
    """As much of a tensor as is asked where it is."""

    dtype = torch.float32

    def __init__(self, device: str) -> None:
        self.device = torch.device(device)


def right(entry: Entry, on: Three) -> bool:
    a, b, out = on
    wanted = a.clone()[:, None] * b.clone()
    return torch.equal(backends.bind(entry, a, b, out)(), wanted)


@pytest.mark.parametrize("entry", EAGER, ids=lambda entry: entry.name)
def test_memory_in_common_without_an_element_in_common_is_taken(entry: Entry) -> None:
    buffer = torch.arange(96.0)
    halves = buffer.view(ROWS, 24)
    assert right(entry, (torch.arange(4.0), halves[:, 1:13:2], halves[:, 0:12:2]))
    assert right(entry, (halves[:, 20], halves[:, 6:12], halves[:, :6]))
    assert right(entry, (buffer[:1].expand(ROWS), halves[:, 6:12], halves[:, 12:18]))
    assert right(entry, (torch.ones(0), torch.ones(0, 3), buffer[:0].view(0, 3)))


STRIDED = st.tuples(st.integers(0, 40), st.integers(0, 12), st.integers(0, 12))


@given(st.integers(0, 4), st.integers(0, 4), st.tuples(st.integers(0, 40), st.integers(0, 12)), STRIDED, STRIDED)
@settings(max_examples=300, deadline=None)
def test_any_views_of_one_buffer_are_computed_or_refused(
    rows: int, cols: int, a: tuple[int, int], b: tuple[int, int, int], out: tuple[int, int, int]
) -> None:
    buffer = torch.arange(200.0)
    places = torch.arange(200)

    def three(of: torch.Tensor) -> Three:
        matrices = (of.as_strided((rows, cols), strides, offset) for offset, *strides in (b, out))
        return (of.as_strided((rows,), a[1:], a[0]), *matrices)

    *read, written = ({*view.flatten().tolist()} for view in three(places))
    bad = len(written) < rows * cols or any(written & each for each in read)
    on, before = three(buffer), buffer.clone()
    for entry in EAGER:
        buffer.copy_(before)
        if not bad:
            assert right(entry, on)
            outside = [place for place in range(200) if place not in written]
            assert torch.equal(buffer[outside], before[outside])
        else:
            with pytest.raises(BadOperands, match=re.compile("share")):
                backends.bind(entry, *on)
            assert torch.equal(buffer, before)
