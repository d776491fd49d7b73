"""What shows in one process that a file is wrong or does not do its work; of use only where it does not defend itself.

The judge does not rest on this: it sits in another process. It proves that each file of the library does its trick.
"""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import importlib
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import suite.check.gate as the_gate
import suite.measure.timing as timing
import suite.statistics as statistics
from backends import Entry, Unsupported
from suite import cases
from suite.check import operands as drawn
from suite.check.mutants import USUAL
from suite.check.mutants.tests import naive

CPU = torch.device("cpu")
DTYPES = [dtype for dtype in cases.ITEMSIZE if dtype != "bfloat16" or not os.environ.get("TRITON_INTERPRET")]
"""Triton's interpreter does not multiply bfloat16 to the bit."""
MULTIPLY = torch.mul
BYTES = np.dtype(np.float32).itemsize


def after_the_usual(file: Path, wrong_in: str) -> str:
    """As gate_says, when the usual case has been bound first, which changes what a cache holds."""
    return gate_says(file, wrong_in, before=(USUAL,))


def gate_says(file: Path, wrong_in: str, before: Sequence[str] = ()) -> str:
    """Why the gate rejects the file in this case, or in one before it; "passed"; or that it raised."""
    try:
        bind = naive.binding(file)
        if wrong_in in ("strided_a", "broadcast_a"):
            return _with_odd_a(bind, wrong_in)
        for case_id in dict.fromkeys((*before, wrong_in)):
            _gate(bind, cases.parse(case_id))
    except the_gate.Incorrect as error:
        return f"rejected: {error}"
    except Unsupported:
        return "unsupported"
    except Exception as error:
        return f"raised {type(error).__name__}"
    return "passed"


def layouts_say(file: Path, _: str) -> str:
    """The first case in which the gate rejects the file, of many; "passed" where none does."""
    shapes = ((64, 50), (1, 160), (33, 1), (0, 5))
    for layout in ("contiguous", *cases.LAYOUTS):
        for dtype in DTYPES:
            for rows, cols in shapes:
                case_id = f"{rows}x{cols}-{dtype}-{layout}"
                said = gate_says(file, case_id)
                if said not in ("passed", "unsupported"):
                    return f"{case_id}: {said}"
    return next((s for s in (gate_says(file, odd) for odd in ("strided_a", "broadcast_a")) if s != "passed"), "passed")


def _gate(bind: Callable[..., Any], case: cases.Case) -> None:
    on = drawn.allocate(case, CPU)

    def bound(on: drawn.Operands) -> Any:
        return bind(on.a, on.b, on.out, 0)

    allocates = bind.__module__ == naive.__name__  # a ModelNew or a function, which naive gives its bind
    with torch.no_grad():
        the_gate.check(on, Entry("tried", "", (), allocates=allocates), bound, _settle, seed=1)


def _settle() -> None:
    """Compare in the processor's usual mode, as another process would."""
    torch.set_flush_denormal(False)


def _with_odd_a(bind: Callable[..., Any], kind: str) -> str:
    _, b, out = naive.operands()
    memory = torch.randn(2 * len(b) if kind == "strided_a" else 1, dtype=b.dtype)
    a = memory[::2] if kind == "strided_a" else memory.expand(len(b))
    launch = bind(a, b, out, 0)
    for _ in range(2):
        memory.normal_()
        if not torch.equal(launch(), a[:, None] * b):
            return "rejected: wrong for this a"
    return "passed"


RESTED_ON: list[tuple[Any, tuple[str, ...]]] = [
    (time, ("perf_counter_ns", "perf_counter", "monotonic")),
    (timing, ("time",)),
    (timing.HostSampler, ("take", "collect")),
    (statistics, ("ratio", "summarise")),
    (the_gate, ("check", "compare", "_check_guard", "_look")),
    (torch, ("mul", "equal", "allclose")),
    (torch.Tensor, ("clone", "cpu", "to", "equal", "allclose", "__mul__")),
    (torch.cuda, ("synchronize",)),
    (torch.cuda.Event, ("elapsed_time", "synchronize")),
    (torch.cuda.CUDAGraph, ("replay",)),
    (builtins, ("min", "sorted")),
]
"""What timing and comparing rest on."""
with contextlib.suppress(ImportError):
    RESTED_ON.append((importlib.import_module("triton.testing"), ("do_bench",)))


def _now() -> dict[tuple[int, str], tuple[object, object]]:
    """What is rested on, by its place in the list and its name, with the code inside it."""
    found = {}
    for place, (owner, names) in enumerate(RESTED_ON):
        for name in names:
            value = getattr(owner, name)
            found[place, name] = value, getattr(value, "__code__", None)
    return found


class Watch:
    """Counts the multiplications of half of C or more that go through torch.mul or `*`."""

    def __init__(self) -> None:
        self.count = 0
        plain = torch.Tensor.__mul__
        torch.mul = self._counted(torch.mul)
        torch.Tensor.__mul__ = self._counted(plain)

    def _counted(self, multiply: Any) -> Any:
        def counted(*factors: Any, **options: Any) -> Any:
            product = multiply(*factors, **options)
            self.count += getattr(product, "numel", int)() >= naive.SHAPE[0] * naive.SHAPE[1] // 2
            return product

        return counted


def _memory(address: int, length: int) -> memoryview:
    return memoryview((ctypes.c_char * length).from_address(address)).cast("B")


class Set:
    """One set of operands and its launch; contents change where no version counter sees it."""

    def __init__(self, bind: Callable[..., Any]) -> None:
        self.a, self.b, self.out = naive.operands()
        self.launch = bind(self.a, self.b, self.out, 0)
        self.views = [self._view(tensor.data_ptr(), tensor.shape) for tensor in (self.a, self.b, self.out)]

    @staticmethod
    def _view(address: int, shape: Any) -> Any:
        count = int(np.prod(shape))
        return np.frombuffer(_memory(address, count * BYTES), np.float32).reshape(shape)

    def change(self, random_state: np.random.Generator) -> None:
        """Another a, another b or both, and an out that is poisoned or not; row 1 has a subnormal scale."""
        a, b, out = self.views
        which = random_state.integers(1, 4)
        if which & 1:
            a[:] = random_state.standard_normal(a.shape)
            a.view(np.int32)[1] = 1 << 22
        if which & 2:
            b[:] = random_state.standard_normal(b.shape)
        if random_state.random() < 0.5:
            out[:] = np.nan

    def wrong(self, result: Any) -> str:
        """What is wrong with what a launch returned, at once and without torch's functions; empty if nothing is."""
        if type(result) is not torch.Tensor:
            return f"returned {type(result).__name__}"
        a, b, found = self.views
        if result is not self.out:
            found = self._view(result.data_ptr(), found.shape)
        flushing = not np.float32(1e-40) * np.float32(1)
        torch.set_flush_denormal(False)
        right = np.array_equal(found, (a.astype(np.float64)[:, None] * b).astype(np.float32))
        torch.set_flush_denormal(flushing)
        return "" if right else "wrong C"


def unlike_work(file: Path, _: str = "") -> list[str]:
    """What the file does that work would not; empty for an honest one."""
    before = _now()
    found: list[str] = []
    sys.modules.pop(the_gate.__name__, None)  # as in a process that only launches and times
    bind = naive.binding(file)
    sets = [Set(bind) for _ in range(2)]
    with torch.no_grad():
        sets[0].launch()
    after = _now()
    found += [f"changed {name}" for (_, name) in before if after[_, name] != before[_, name]]
    if not found:
        with torch.no_grad():
            found += _wrong_in_some_launch(sets) or _idle(bind) or _wrong_later(sets, bind)
    return found


def _wrong_in_some_launch(sets: list[Set]) -> list[str]:
    state, places = np.random.default_rng(), random.Random()
    for _ in range(150):
        one = places.choice(sets)
        one.change(state)
        before = one.views[0].copy(), one.views[1].copy()
        said = one.wrong(one.launch())
        if not all(np.array_equal(was, now) for was, now in zip(before, one.views, strict=False)):
            said = "changed its inputs"
        if said:
            return [said]
    return []


def _idle(bind: Callable[..., Any]) -> list[str]:
    """Whether a launch multiplies nothing where nothing has changed since the last one."""
    watch, state = Watch(), np.random.default_rng()
    one = Set(bind)
    one.launch()
    one.change(state)
    watch.count = 0
    one.launch()
    needed, watch.count = watch.count, 0
    for _ in range(8):
        one.launch()
    torch.mul = MULTIPLY
    return ["did nothing where nothing had changed"] if watch.count < 8 * needed else []


def _wrong_later(sets: list[Set], bind: Callable[..., Any]) -> list[str]:
    """Whether it is wrong in a sampler's loop, among many bindings, or after two seconds."""
    state = np.random.default_rng()
    many = [Set(bind) for _ in range(8)]
    for one in many:
        sampler = timing.HostSampler([one.launch], 50, lambda: None)
        one.change(state)
        sampler.take()
        if one.wrong(one.out) and _writes_out(one):
            return ["wrong under a sampler"]
    time.sleep(2.1)
    sets[0].change(state)
    return ["wrong after two seconds"] if sets[0].wrong(sets[0].launch()) else []


def _writes_out(one: Set) -> bool:
    return one.launch().data_ptr() == one.out.data_ptr()
