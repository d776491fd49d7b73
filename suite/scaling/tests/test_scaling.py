"""The row-sharded product: on two ranks of two launchers, and what a rank does that needs no other."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
import torch

import backends
from backends import Entry
from suite import ROOT
from suite.cases import Case
from suite.check import operands
from suite.device import machine
from suite.measure.timing import Device
from suite.record.measurement import Outcome
from suite.record.scaling import Dispatch, Scaled, Scaling
from suite.record.store import is_run, read_document
from suite.scaling import cases, contenders, costs, measure, timed
from suite.scaling.__main__ import main
from suite.scaling.cases import CannotScale, Problem, problems
from suite.scaling.measure import _row
from suite.scaling.mesh import Mesh
from suite.scaling.timed import Part

CONTENDERS = ("torch_broadcast", "torch_dtensor")


class TwoRanks:
    """Rank 0 of two, the other of which says what it is told to; no process group."""

    rank, ranks = 0, 2

    def __init__(self, other: Any = None) -> None:
        self.device, self.other = Device(), other

    def wait(self) -> None:
        self.device.synchronize()

    def all(self, mine: Any) -> list[Any]:
        return [mine, self.other if isinstance(mine, Outcome | None) else mine]

    def broadcast(self, tensor: torch.Tensor) -> None: ...


def fake(other: Any = None) -> Mesh:
    return cast(Mesh, TwoRanks(other))


def test_two_launchers_of_one_rank_each_write_one_document(tmp_path: Path) -> None:
    """As on two hosts, by torchrun over loopback: gloo, DTensor, the gate of every rank, and both roles."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1", "--master-addr"]
    torchrun += ["127.0.0.1", "--master-port", port]
    asked = ["-m", "suite.scaling.tests.small_cache", "--gpus", "cpu", "--cases", "8", "--out", str(tmp_path)]
    both = [
        subprocess.Popen([*torchrun, f"--node-rank={n}", *asked], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for n in (0, 1)
    ]
    said = [each.communicate(timeout=600)[0] for each in both]
    assert [each.returncode for each in both] == [0, 0]
    (path,) = tmp_path.iterdir()  # what was kept on the way is gone
    assert str(path) in "".join(said)
    assert not is_run(path)
    found = read_document(path, Scaling)
    assert (found.ranks, found.hosts, found.collectives) == (2, 2, "gloo")
    assert all(row.buffer_sets == row.buffer_sets_needed > 1 for row in found.rows)
    strong, in_place = "1024x512-float32-contiguous", "40x16384-float32-contiguous"
    assert [(row.contender, row.case, row.in_place) for row in found.rows] == [
        (contender, case, case == in_place) for case in (strong, in_place) for contender in CONTENDERS
    ]
    assert all(row.efficiency and row.fastest_together_s <= row.together_s for row in found.rows)
    assert found.dispatches[0].dtensor_s > found.dispatches[0].local_s
    assert [(each.bytes, each.method) for each in found.broadcasts] == [(8192, "host_clock"), (320, "host_clock")]


@pytest.mark.parametrize("memory", [cases.CPU_MEMORY_BYTES, 11 << 30, 80 << 30, 141 << 30])
def test_no_device_holds_the_b_of_the_largest_problem(memory: int) -> None:
    *_, problem = problems("cuda", 2, memory)
    each, whole = problem.shard(2), problem.whole(2)
    assert problem.in_place
    assert operands.bytes_needed(each, 1, in_place=True) < 0.65 * memory
    assert whole.rows * whole.cols * whole.itemsize > 1.1 * memory


def test_b_stays_as_large_as_it_was_however_often_c_takes_its_place() -> None:
    on = contenders.shard(Case(64, 64), fake(), 0, in_place=True)
    (entry,) = backends.find(["torch_broadcast"])
    made = contenders.sampler(entry, on, fake())
    assert not isinstance(made, Outcome)
    made.take()
    after = on.sets[0].b.abs()
    on.sets[0].fill(contenders.SEED, operands.ORDINARY)
    assert torch.equal(on.sets[0].b.abs(), after)


def test_a_broadcast_counts_where_no_rank_was_late_and_the_slowest_is_it(monkeypatch: pytest.MonkeyPatch) -> None:
    delays: list[int] = []

    def sample(call: Any, cycles: int) -> float | None:
        delays.append(cycles)
        return None if cycles < 4 * costs.DELAY_CYCLES else 2e-6

    class Late(TwoRanks):
        def all(self, mine: Any) -> list[Any]:
            return [mine, 3e-6]

    monkeypatch.setattr(costs, "_looped", sample)
    found = costs.broadcast(cast(Mesh, Late()), Case(64, 8), None)
    assert (found.seconds, found.bytes) == (3e-6, 256)
    assert [delay // costs.DELAY_CYCLES for delay in delays] == [1, 2, *[4] * costs.ROUNDS]
    monkeypatch.setattr(costs, "MOST_CYCLES", costs.DELAY_CYCLES)
    with pytest.raises(costs.CannotQueue, match="CUDA_LAUNCH_BLOCKING"):
        costs.broadcast(fake(), Case(64, 8), None)


def test_what_was_measured_before_is_not_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    weak, other = Problem("weak", Case(64, 8), ""), Problem("weak", Case(64, 8), "", in_place=True)
    parts = {Part("x", alone=False): logs((3.0, 4.0))}
    samplers: Any = {part: Counted() for part in parts}
    row = _row(weak, fake(), "x", parts, samplers, contenders.Shard([], 1))
    before = Scaling(
        utc=datetime.now(UTC), command="", machine=machine.describe("cpu"), ranks=2, hosts=1, collectives="gloo",
        rows=(row,),
    )  # fmt: skip
    asked: list[Problem] = []

    def nothing(_: Mesh, problem: Problem, cache_bytes: int) -> tuple[list[Scaled], list[Outcome]]:
        asked.append(problem)
        return [], []

    monkeypatch.setattr(measure, "_problem", nothing)
    monkeypatch.setattr(costs, "ROUNDS", 1)
    monkeypatch.setattr(costs, "dispatch", lambda _: Dispatch(case="8x8-float32-contiguous", dtensor_s=2, local_s=1))
    kept: list[Scaling] = []
    found = measure.measure(fake(), (weak, other), before, "", kept.append)
    assert asked == [other]
    assert (found.utc, found.rows, len(found.broadcasts)) == (before.utc, (row,), 1)
    assert kept[-1] == found


@pytest.mark.parametrize("other", [None, Outcome(backend="torch_broadcast", kind="incorrect", reason="C is wrong")])
def test_a_contender_is_timed_only_if_every_rank_found_it_right(other: Outcome | None) -> None:
    mesh = fake(other)
    (entry,) = backends.find(["torch_broadcast"])
    made = contenders.sampler(entry, contenders.shard(Case(64, 64), mesh, 0), mesh)
    if other is None:
        assert not isinstance(made, Outcome)
    else:
        assert isinstance(made, Outcome)
        assert (made.kind, made.reason) == ("incorrect", "rank 1: C is wrong")


def test_a_wrong_shard_is_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Entry("torch_broadcast", "", requires=("torch",), devices=("cpu",))
    monkeypatch.setattr(contenders, "binder", lambda *_: lambda on: lambda: torch.add(on.a[:, None], on.b, out=on.out))
    mesh = fake()
    made = contenders.sampler(wrong, contenders.shard(Case(64, 64), mesh, 0), mesh)
    assert isinstance(made, Outcome)
    assert made.kind == "incorrect"
    assert made.reason.startswith("rank 0: ")


class Counted:
    """A sampler whose samples are 1, 2, 3, ... seconds."""

    method, launches = "host_clock", 1

    def __init__(self) -> None:
        self.taken, self.kept = 0.0, 0

    def take(self) -> None:
        self.taken, self.kept = self.taken + 1, self.kept + 1

    def collect(self) -> list[float]:
        kept, self.kept = self.kept, 0
        return [self.taken - n for n in reversed(range(kept))]

    def enqueue_timed(self) -> None: ...


def test_a_sampler_in_both_roles_gives_each_its_own_samples() -> None:
    one: Any = Counted()
    times = timed.rounds({Part("x", alone=False): one, Part("x", alone=True): one}, fake())
    together, alone = (set(times[Part("x", alone=which)][0]) for which in (False, True))
    assert len(together) == len(alone) == timed.ROUNDS["cpu"]
    assert not together & alone


def logs(seconds: Iterable[float]) -> list[list[float]]:
    return [[each] * 20 for each in seconds]


@pytest.mark.parametrize(("way", "alone", "efficiency"), [("weak", 2.0, 0.5), ("strong", 6.0, 0.75)])
def test_efficiency_is_of_the_slowest_rank_together_against_the_slowest_alone(
    way: Any, alone: float, efficiency: float
) -> None:
    parts = {Part("x", alone=False): logs((3.0, 4.0)), Part("x", alone=True): logs((alone, alone - 1))}
    samplers: Any = {part: Counted() for part in parts}
    row = _row(Problem(way, Case(64, 8), ""), fake(), "x", parts, samplers, contenders.Shard([], 1))
    assert (row.together_s, row.fastest_together_s, row.alone_s) == (4.0, 3.0, alone)
    assert row.efficiency == pytest.approx(efficiency)
    assert (row.case, row.whole) == (
        ("64x8-float32-contiguous", "128x8-float32-contiguous")
        if way == "weak"
        else ("32x8-float32-contiguous", "64x8-float32-contiguous")
    )


def test_what_cannot_be_shared_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(problems("cuda", 8, 80 << 30)) > len(problems("cpu", 2, 4 << 20))
    with pytest.raises(CannotScale, match="evenly"):
        problems("cpu", 3, 4 << 20)
    assert main(["--gpus", "cpu,cpu,cpu", "--out", str(tmp_path)]) == 2
    assert main(["--gpus", "cpu,cpu", "--cases", "nothing", "--out", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
