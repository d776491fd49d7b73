"""Faults of backends, injected one by one: each ends as an outcome, and the others go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backends import Entry
from backends import _candidate as candidate
from suite.cases import Case
from suite.measure.samples import CampaignSamples
from suite.record.measurement import Outcome, Series
from suite.session.bench import Bench, WithSamples, start
from suite.session.progress import Progress
from suite.worker.tests.a_bench import CASE, FILES, bench_of


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = bench_of(
        *("right", "drop_in", "raises_in_bind", "raises_in_launch", "refuses", "segfaults", "goes_wrong"),
        *("dies_in_rounds", "exhausts_memory", "illegal_address", "skips_when_unchanged"),
    )
    yield made
    made.close()


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("raises_in_bind", "crashed", "no such kernel (raises_in_bind.py:5)"),
        ("raises_in_launch", "crashed", "launch failed (raises_in_launch.py:6)"),
        ("refuses", "unsupported", "prime side"),
        ("segfaults", "crashed", "SIGSEGV"),
    ],
)
def test_a_fault_at_the_gate_is_an_outcome(bench: Bench, name: str, kind: str, said: str) -> None:
    outcome = bench.gate(CASE, name)
    assert outcome is not None
    assert outcome.kind == kind
    assert said in outcome.reason
    assert "\n" not in outcome.reason
    assert outcome in bench.found.outcomes


def test_too_much_memory_is_an_outcome(bench: Bench) -> None:
    outcome = bench.gate(CASE, "exhausts_memory")
    assert outcome is not None
    assert outcome.kind in ("no_memory", "crashed")  # the CPU's allocator has no exception of its own
    assert bench.gate(CASE, "right") is None


def test_a_capture_that_fails_ends_the_process_and_the_others_are_measured_in_a_new_one() -> None:
    made = bench_of("cannot_be_captured", "right")
    try:
        assert made.gate(CASE, "cannot_be_captured") is None
        process = made._questions._worker._process.pid
        found = made.measured(CASE, "cold", "cannot_be_captured")
        assert isinstance(found, Outcome)
        assert (found.kind, found.series) == ("crashed", "cold")
        assert f"RuntimeError: not permitted in process {process}" in found.reason
        assert "\n" not in found.reason
        assert made._questions._worker._process.pid != process
        assert isinstance(made.measured(CASE, "cold", "right"), WithSamples)
        assert made.found.outcomes == [found]
    finally:
        made.close()


@pytest.mark.gpu
def test_a_launch_that_no_graph_can_hold_is_an_outcome_and_the_others_are_measured() -> None:
    made = bench_of("waits_in_launch", "right")
    try:
        if made.machine.kind != "cuda":
            pytest.skip("no CUDA device")
        assert made.gate(CASE, "waits_in_launch") is None
        found = made.measured(CASE, "cold", "waits_in_launch")
        assert isinstance(found, Outcome)
        assert found.kind == "crashed"
        assert "capture" in found.reason
        assert isinstance(made.measured(CASE, "cold", "right"), WithSamples)
    finally:
        made.close()


@pytest.mark.gpu
def test_an_illegal_address_costs_the_context_and_nothing_else(bench: Bench) -> None:
    if bench.machine.kind != "cuda":
        pytest.skip("no CUDA device")
    outcome = bench.gate(CASE, "illegal_address")
    assert outcome is not None
    assert outcome.kind == "crashed"
    assert "illegal" in outcome.reason
    assert bench.gate(CASE, "right") is None
    assert isinstance(bench.measured(CASE, "cold", "right"), WithSamples)


def test_right_backends_pass_the_gate_after_others_took_the_process_down(bench: Bench) -> None:
    bench.gate(CASE, "segfaults")
    assert bench.gate(CASE, "right") is None
    assert bench.gate(CASE, "drop_in") is None


def test_the_others_are_measured_when_one_breaks(bench: Bench) -> None:
    assert isinstance(bench.measured(CASE, "cold", "right"), WithSamples)
    allocating = bench.measured(CASE, "cold", "drop_in")
    assert isinstance(allocating, WithSamples)
    assert allocating.measurement.allocates
    broken = bench.measured(CASE, "cold", "segfaults")
    assert isinstance(broken, Outcome)
    assert broken.kind == "crashed"


@pytest.mark.parametrize("series", ["cold", "hot", "launch", "call"])
@pytest.mark.parametrize("name", ["right", "drop_in"])
def test_every_series_can_be_measured_whether_or_not_c_is_allocated(name: str, series: Series, bench: Bench) -> None:
    found = bench.measured(CASE, series, name)
    assert isinstance(found, WithSamples), found
    assert found.measurement.allocates == (name == "drop_in" and series != "call")
    assert found.measurement.fresh == (series == "call")


def test_a_backend_that_goes_wrong_while_it_is_timed_loses_its_samples(bench: Bench) -> None:
    assert bench.gate(CASE, "goes_wrong") is None
    found = bench.measured(CASE, "cold", "goes_wrong")
    assert isinstance(found, Outcome)
    assert found.kind == "incorrect"


def test_a_backend_whose_library_is_absent_is_unavailable_and_the_rest_runs() -> None:
    absent = Entry("absent", "needs what nobody has", requires=("no_such_library",), devices=("cpu", "cuda"))
    made = start([absent, candidate.entry(FILES / "right.py")], smoke=True, progress=Progress())
    try:
        outcome = made.gate(CASE, "absent")
        assert outcome is not None
        assert outcome.kind == "unavailable"
        assert "no_such_library" in outcome.reason
        assert isinstance(made.measured(CASE, "hot", "right"), WithSamples)
        assert [one.backend for one in made.found.outcomes] == ["absent"]
    finally:
        made.close()


def test_a_case_that_does_not_fit_is_skipped_with_the_reason(bench: Bench) -> None:
    outcome = bench.gate(Case(1 << 20, 1 << 20), "right")
    assert outcome is not None
    assert outcome.kind == "no_memory"
    assert "GiB" in outcome.reason


@pytest.mark.parametrize("edited", ["mine.py", "helper.py"])
def test_a_candidate_is_another_one_when_it_or_what_it_imports_was_edited(edited: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("from helper import bind\n")
    (tmp_path / "helper.py").write_text("def bind(a, b, out, stream):\n    return lambda: out\n")
    names = []
    for _ in range(2):
        made = start([candidate.entry(tmp_path / "mine.py")], smoke=True, progress=Progress(), journals=tmp_path)
        made.close()
        names.append(made.journal.path)
        with (tmp_path / edited).open("a") as file:
            file.write("# edited\n")
    assert names[0] != names[1]


def test_what_was_timed_is_what_is_checked(bench: Bench) -> None:
    """The gate draws new inputs and so wakes it; in the rounds it sleeps, which no eager call afterwards would show."""
    assert bench.gate(CASE, "skips_when_unchanged") is None
    found = bench.measured(CASE, "cold", "skips_when_unchanged")
    assert isinstance(found, Outcome)
    assert found.kind == "incorrect"


def test_a_death_during_the_rounds_is_traced_to_its_backend(bench: Bench) -> None:
    found = bench.measured(Case(5, 5), "cold", "dies_in_rounds")
    assert isinstance(found, Outcome)
    assert (found.backend, found.kind) == ("dies_in_rounds", "crashed")
    assert isinstance(bench.measured(Case(5, 5), "cold", "right"), WithSamples)


def test_a_backend_with_a_stream_of_its_own_is_timed_beside_the_fastest_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    own = replace(candidate.entry(FILES / "drop_in.py"), own_stream=True)
    made = start([candidate.entry(FILES / "right.py"), own], smoke=True, progress=Progress())
    monkeypatch.setattr(made, "_is_timed_apart", lambda entry, series: entry.own_stream)
    asked: list[list[str]] = []
    measure = made._questions._measure

    def noted(case: Case, series: Series, entries: list[Entry]) -> CampaignSamples:
        asked.append([entry.name for entry in entries])
        return measure(case, series, entries)

    monkeypatch.setattr(made._questions, "_measure", noted)
    try:
        found = [made.measured(CASE, "cold", name) for name in ("right", "drop_in")]
        assert asked == [["right"], ["right", "drop_in"]]
        measurements = [each.measurement for each in found if isinstance(each, WithSamples)]
        assert [(each.backend, each.apart) for each in measurements] == [("right", False), ("drop_in", True)]
    finally:
        made.close()
