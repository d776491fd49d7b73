"""The process that nvbench runs in: every backend of one case, by our clock, by nvbench's, and by ours again.

nvbench runs once per process. It is given the very launches that we time, on the stream that they were bound to.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch

import backends
from backends import Entry, Launch
from suite.cases import Case, parse
from suite.check import gate, operands
from suite.check.operands import Operands
from suite.device import machine
from suite.measure import campaign, timing
from suite.measure.campaign import Contender
from suite.measure.events import EventSampler
from suite.measure.plan import Plan
from suite.measure.timing import Device, HostSampler, Sampler
from suite.record.measurement import Outcome
from suite.record.nvbench import Own, Theirs, Timed
from suite.worker.failures import why
from suite.worker.lineup import equal_sets
from suite.worker.process import die_with_parent

SEED = 50_000

PLAN = Plan(min_rounds=40, max_rounds=40)
"""Samples of our own clock, before nvbench and once more after it: what drifts shows in both halves."""

TAGS: dict[Theirs, tuple[str, ...]] = {
    "cold": ("nv/cold/time/gpu/median", "nv/cold/time/gpu/mean"),
    "batch": ("nv/batch/time/gpu/mean",),
}
"""What nvbench calls them in its JSON, the better first; `rotating` is the batch of a benchmark of its own."""

OPTIONS = ("--timeout", "10")


class SingleSampler(EventSampler):
    """One launch between two events, queued with what goes `before` it behind a device-side delay."""

    def __init__(self, launch: Launch, before: Sequence[Callable[[], object]]) -> None:
        super().__init__([launch], 1)
        self._before = before

    @property
    def delay_cycles(self) -> int:
        """One more than an EventSampler's for each that goes before."""
        return super().delay_cycles // 2 * (len(self._before) + 2)

    def _lead(self) -> None:
        for each in self._before:
            each()


def time_all(entries: Sequence[Entry], case: Case, folder: Path) -> dict[str, Any]:
    """Every entry in the case by both clocks, and the Outcome of each that did not get there."""
    device = Device()
    outcomes: list[Outcome] = []
    with device.active():
        needed = timing.sets_needed(case.bytes_moved, machine.cache_bytes(device.kind))
        checked = operands.allocate(case, device.torch)
        sets = equal_sets(device, case, min(needed, timing.MOST_LAUNCHES), SEED)
        bound: dict[str, list[Launch]] = {}
        for entry in entries:
            bind = partial(_bind, entry, device)
            try:
                gate.check(checked, entry, bind, device.synchronize, seed=SEED)
                bound[entry.name] = [bind(on) for on in sets]
            except Exception as error:
                kind, reason = why(error)
                outcomes.append(Outcome(backend=entry.name, case=case.id, kind=kind, reason=reason))
        timed = _both(device, case, [entry for entry in entries if entry.name in bound], bound, folder)
    return {"sets": len(sets), "timed": timed, "outcomes": [each.model_dump() for each in outcomes]}


def _bind(entry: Entry, device: Device, on: Operands) -> Launch:
    return backends.bind(entry, on.a, on.b, on.out, device.stream)


def _both(
    device: Device, case: Case, entries: Sequence[Entry], bound: Mapping[str, list[Launch]], folder: Path
) -> list[dict[str, Any]]:
    """Ours, nvbench's, and ours again."""
    contenders = {
        (entry.name, load): Contender(f"{entry.name} {load}", sampler)
        for entry in entries
        for load, sampler in _samplers(device, entry, bound[entry.name]).items()
    }
    if not contenders:
        return []
    rounds = partial(campaign.run, list(contenders.values()), PLAN, device.synchronize)
    rounds()
    told = run_nvbench(device.stream, bound, folder)
    rounds()
    return [
        Timed(
            backend=entry.name,
            case=case.id,
            form=bound[entry.name][0].form,
            rounds=len(contenders[entry.name, "cold"].samples_s),
            own={load: median(each.samples_s) for (name, load), each in contenders.items() if name == entry.name},
            nvbench=told[entry.name],
        ).model_dump()
        for entry in entries
    ]


def _samplers(device: Device, entry: Entry, launches: list[Launch]) -> dict[Own, Sampler]:
    """The loads of our own clock, each timed as the loads of nvbench's are, or as a campaign does."""
    flush = torch.empty(machine.cache_bytes(device.kind), dtype=torch.int8, device=device.torch).zero_
    rough_s = device.rough_seconds(launches)
    cold, hot = (timing.launches_per_sample(rough_s, count, PLAN.sample_s) for count in (len(launches), 1))
    return {
        "cold": device.sampler(launches, cold, entry.capturable),
        "hot": device.sampler(launches[:1], hot, entry.capturable),
        "single": SingleSampler(launches[0], launches),
        "flushed": SingleSampler(launches[0], [flush]),
        "host": HostSampler(launches, timing.HOST_LAUNCHES["launch"], device.synchronize),
    }


def run_nvbench(stream: int, bound: Mapping[str, Sequence[Launch]], folder: Path) -> dict[str, dict[Theirs, float]]:
    """What nvbench says of every backend's launches; it can be asked once per process."""
    import cuda.bench

    for name, launches in bound.items():
        _register(cuda.bench, name, stream, launches[:1])
        _register(cuda.bench, f"{name} rotating", stream, launches)
    file = folder / "nvbench.json"
    device = str(torch.cuda.current_device())
    cuda.bench.run_all_benchmarks(["nvbench", "--devices", device, "--json", str(file), *OPTIONS])
    return read(json.loads(file.read_text(encoding="utf-8")), list(bound))


class _Stream:
    """A stream as CUDA's Python packages pass it to one another."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def __cuda_stream__(self) -> tuple[int, int]:
        return 0, self._handle


def _register(bench: Any, name: str, stream: int, launches: Sequence[Launch]) -> None:
    """Let nvbench time these launches in turn under the name."""
    walk = itertools.cycle(launches)

    def launch(_: Any) -> None:
        next(walk)()

    def benchmark(state: Any) -> None:
        state.set_stream(_Stream(stream))
        state.exec(launch)

    benchmark.__name__ = name
    bench.register(benchmark)


def read(written: Mapping[str, Any], names: Sequence[str]) -> dict[str, dict[Theirs, float]]:
    """Seconds per launch by backend from nvbench's JSON. Raises KeyError where it lacks one."""
    said = {each["name"]: _summaries(each["states"][0]) for each in written["benchmarks"]}
    return {
        name: {
            "cold": _first(said[name], TAGS["cold"]),
            "batch": _first(said[name], TAGS["batch"]),
            "rotating": _first(said[f"{name} rotating"], TAGS["batch"]),
        }
        for name in names
    }


def _summaries(state: Mapping[str, Any]) -> dict[str, float]:
    found = {}
    for summary in state["summaries"]:
        values = {each["name"]: each["value"] for each in summary["data"]}
        if "value" in values and summary["tag"].startswith("nv/"):
            found[summary["tag"]] = float(values["value"])
    return found


def _first(summaries: Mapping[str, float], tags: Sequence[str]) -> float:
    found = [summaries[tag] for tag in tags if tag in summaries]
    if not found:
        raise KeyError(f"nvbench told no {tags[-1]}, only {', '.join(summaries) or 'nothing'}")
    return found[0]


if __name__ == "__main__":
    die_with_parent()
    names, case_id, answer = sys.argv[1:]
    found = time_all(backends.find(names.split(",")), parse(case_id), Path(answer).parent)
    Path(answer).write_text(json.dumps(found), encoding="utf-8")
