"""What nvbench is given and what is read of its JSON; a stand-in takes its place, since it needs a GPU."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

import backends
from backends import CannotDo
from suite.cases import Case
from suite.evidence import nvbench, nvbench_child
from suite.evidence.nvbench_child import read, run_nvbench
from suite.measure import events


class StandsForState:
    """One benchmark's state: runs what it is given three times on the stream it is told."""

    def __init__(self) -> None:
        self.stream: tuple[int, int] | None = None

    def set_stream(self, provider: Any) -> None:
        self.stream = provider.__cuda_stream__()

    def exec(self, fn: Callable[[object], None]) -> None:
        for _ in range(3):
            fn(object())


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> dict[str, StandsForState]:
    """The state of each benchmark that was run; its times are its place in the order, in us."""
    ran: dict[str, StandsForState] = {}
    registered: list[Callable[[Any], None]] = []
    module = ModuleType("cuda.bench")

    def run_all_benchmarks(argv: list[str]) -> None:
        assert argv[:3] == ["nvbench", "--devices", "0"]
        for each in registered:
            ran[each.__name__] = StandsForState()
            each(ran[each.__name__])
        Path(argv[argv.index("--json") + 1]).write_text(str(written(list(ran))).replace("'", '"'))

    module.__dict__.update(register=registered.append, run_all_benchmarks=run_all_benchmarks)
    package = ModuleType("cuda")
    package.bench = module  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cuda", package)
    monkeypatch.setitem(sys.modules, "cuda.bench", module)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    return ran


def written(names: list[str], cold: str = "nv/cold/time/gpu/median") -> dict[str, Any]:
    """nvbench's JSON, as far as it is read."""

    def summary(tag: str, value: float) -> dict[str, Any]:
        return {"tag": tag, "name": "", "data": [{"name": "value", "type": "float64", "value": f"{value}"}]}

    return {
        "benchmarks": [
            {
                "name": name,
                "states": [
                    {
                        "summaries": [
                            summary("nv/cold/time/gpu/mean", 9.0),
                            summary(cold, (at + 0.5) * 1e-6),
                            summary("nv/batch/time/gpu/mean", at * 1e-6),
                            {"tag": "nv/json/bin:nv/cold/sample_times", "name": "", "data": []},
                        ]
                    }
                ],
            }
            for at, name in enumerate(names, 1)
        ]
    }


def test_nvbench_times_the_bound_launches_on_their_stream_one_set_and_all(
    states: dict[str, StandsForState], tmp_path: Path
) -> None:
    launched: list[str] = []

    def launch(name: str) -> backends.Launch:
        def enqueue() -> torch.Tensor:
            launched.append(name)
            return torch.empty(2)

        return backends.named(enqueue)

    told = run_nvbench(7, {"x": [launch("x0"), launch("x1")]}, tmp_path)
    assert launched == ["x0", "x0", "x0", "x0", "x1", "x0"]
    assert [state.stream for state in states.values()] == [(0, 7), (0, 7)]
    assert told == {"x": {"cold": 1.5e-6, "batch": 1e-6, "rotating": 2e-6}}


def test_its_median_is_read_where_it_tells_one_else_its_mean() -> None:
    names = ["x", "x rotating"]
    assert read(written(names), ["x"])["x"]["cold"] == 1.5e-6
    assert read(written(names, "nv/cold/time/gpu/q1"), ["x"])["x"]["cold"] == 9.0


def test_what_nvbench_did_not_tell_is_no_number() -> None:
    short = written(["x", "x rotating"])
    del short["benchmarks"][1]["states"][0]["summaries"][2]
    with pytest.raises(KeyError, match="nvbench told no nv/batch/time/gpu/mean"):
        read(short, ["x"])


def test_a_process_that_does_not_answer_is_said_by_its_last_line() -> None:
    with pytest.raises(CannotDo, match=r"^8x8-float32-contiguous: .*unknown backend x_y"):
        nvbench._case([backends.Entry("x_y", "", ())], Case(8, 8))


def test_who_launches_elsewhere_or_allocates_is_left_out_with_the_reason() -> None:
    entries = {entry.name: nvbench._unable(entry) for entry in backends.CATALOGUE}
    jax = entries["jax_jit"]
    assert jax is not None
    assert jax.kind in ("unavailable", "unsupported")
    assert entries["triton_tuned"] is None


def test_flushes_and_leads_come_before_the_first_event(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    class StandsForEvent:
        def __init__(self, name: str) -> None:
            self._name = name

        def record(self) -> None:
            said.append(self._name)

    monkeypatch.setattr(torch.cuda, "Event", lambda: SimpleNamespace(record=lambda: None, query=lambda: False))
    monkeypatch.setattr(events, "event_pair", lambda: (StandsForEvent("first"), StandsForEvent("last")))
    monkeypatch.setattr(torch.cuda, "_sleep", lambda cycles: said.append("delay"))

    def launch() -> torch.Tensor:
        said.append("launch")
        return torch.empty(0)

    nvbench_child.SingleSampler(backends.named(launch), [lambda: said.append("before")]).take()
    assert said == ["delay", "before", "first", "launch", "last"]
