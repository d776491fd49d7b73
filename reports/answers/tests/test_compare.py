"""Comparing two runs, on made-up samples with a known truth: what is called, what is not, and what is refused."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from reports.answers.compare import NotComparable, compare
from reports.answers.tests.sampled import CASES, called, measured, on, replaced_samples, sampled, shown, without
from reports.tests import factory
from suite.cases import Case
from suite.record.measurement import Outcome, Restart
from suite.record.run import Benchmark, Record
from suite.record.store import read_run


def test_a_run_against_itself_is_the_same_throughout(blank: Record) -> None:
    run = sampled(blank, 1)
    comparison = compare(run, run)
    assert {row.ratio for row in comparison.rows} == {1.0}
    assert called(comparison) == {name: {"SAME"} for name in factory.BACKENDS}
    assert comparison.exit_code == 0


def test_only_backends_with_a_share_of_a_ceiling_have_a_verdict(blank: Record) -> None:
    comparison = compare(sampled(blank, 1), sampled(blank, 2))
    assert {row.series for row in comparison.rows} == {"cold"}
    assert len(comparison.rows) == len(CASES) * len(factory.BACKENDS)


@pytest.mark.parametrize(("from_run_to_run", "number"), [(0.001, 200), (0.003, 50)])
def test_runs_of_the_same_truth_show_a_change_no_more_often_than_stated(
    from_run_to_run: float, number: int, blank: Record
) -> None:
    runs = [sampled(blank, seed, rounds=30, from_run_to_run=from_run_to_run) for seed in range(number + 1)]
    found = [compare(*pair) for pair in pairwise(runs)]
    wrong = sum(each.counts["FASTER"] + each.counts["SLOWER"] > 0 for each in found)
    assert wrong <= found[0].family_error * number


@pytest.mark.parametrize("new", [0, 1])
def test_a_planted_2_percent_is_called_in_that_backend_only_and_mirrored(new: int, blank: Record) -> None:
    runs = sampled(blank, 0, from_run_to_run=2e-4), sampled(blank, new, {"triton_tuned": 1.02}, from_run_to_run=2e-4)
    slower, faster = compare(*runs), compare(*reversed(runs))
    others = {name: {"SAME"} for name in factory.BACKENDS if name != "triton_tuned"}
    assert called(slower) == {**others, "triton_tuned": {"SLOWER"}}
    assert called(faster) == {**others, "triton_tuned": {"FASTER"}}
    assert (slower.exit_code, faster.exit_code) == (1, 0)


def test_all_backends_slower_by_2_percent_are_all_called(blank: Record) -> None:
    every = dict.fromkeys((*factory.BACKENDS, factory.CONTROL), 1.02)
    comparison = compare(sampled(blank, 1, from_run_to_run=2e-4), sampled(blank, 2, every, from_run_to_run=2e-4))
    assert called(comparison) == {name: {"SLOWER"} for name in factory.BACKENDS}


def test_a_drift_of_the_whole_device_within_or_between_the_runs_is_no_change(blank: Record) -> None:
    steady = sampled(blank, 1, from_run_to_run=2e-4)
    for speed, drift in ((1.0, 0.06), (0.94, 0.0), (1.06, -0.06)):
        comparison = compare(steady, sampled(blank, 2, from_run_to_run=2e-4, speed=speed, drift=drift))
        assert called(comparison) == {name: {"SAME"} for name in factory.BACKENDS}


def test_both_shares_are_of_the_ceiling_that_old_had(blank: Record) -> None:
    memcpy, copy = factory.CEILINGS
    old, new = (sampled(blank, seed, from_run_to_run=2e-4) for seed in (1, 2))
    comparison = compare(old, measured(new, "", ceiling=copy))
    assert {row.ceiling for row in comparison.rows} == {memcpy}
    assert called(comparison) == {name: {"SAME"} for name in factory.BACKENDS}


@pytest.mark.parametrize("ceiling", factory.CEILINGS)
def test_a_ceiling_that_moved_is_no_change_of_the_backends(ceiling: str, blank: Record) -> None:
    comparison = compare(sampled(blank, 1), sampled(blank, 2, {ceiling: 1.05}))
    assert called(comparison) == {name: {"UNDECIDED"} for name in factory.BACKENDS}
    assert all("between the runs" in row.reason for row in comparison.rows)


def test_undecided_has_its_reason(blank: Record) -> None:
    noisy = sampled(blank, 1, noise=0.1, from_run_to_run=0), sampled(blank, 2, noise=0.1, from_run_to_run=0)
    comparison = compare(*noisy)
    assert comparison.counts["UNDECIDED"]
    for row in comparison.rows:
        assert (row.verdict == "UNDECIDED") == bool(row.reason)
        assert row.reason in shown(comparison).replace("\n", " ")
    wide = next(row for row in comparison.rows if row.verdict == "UNDECIDED")
    assert wide.ratio_ci99[1] / wide.ratio_ci99[0] > 1 + wide.margin


def test_at_the_margin_itself_nothing_is_decided(blank: Record) -> None:
    runs = sampled(blank, 1, from_run_to_run=0), sampled(blank, 1, {"triton_tuned": 1.01}, from_run_to_run=0)
    assert called(compare(*runs))["triton_tuned"] == {"UNDECIDED"}


def test_a_wide_margin_of_either_run_counts(blank: Record) -> None:
    old, new = sampled(blank, 1), sampled(blank, 1, {"triton_tuned": 1.02})
    for runs in ((measured(old, margin=0.05), new), (old, measured(new, margin=0.05))):
        assert called(compare(*runs))["triton_tuned"] == {"SAME"}
    assert called(compare(old, measured(new, margin=3.0)))["triton_tuned"] == {"SAME"}


def test_another_form_explains_a_change_and_at_the_same_commit_undoes_it(blank: Record) -> None:
    old = measured(sampled(blank, 1), form="BLOCK=512")
    new = measured(sampled(blank, 1, {"triton_tuned": 1.05}), form="BLOCK=1024")
    assert called(compare(old, new))["triton_tuned"] == {"UNDECIDED"}
    others: list[dict[str, Any]] = [{"commit": "f" * 40}, {"tree_clean": False}, {"driver": "590"}, {"versions": {}}]
    for changed in others:
        comparison = compare(old, on(new, **changed))
        assert called(comparison)["triton_tuned"] == {"SLOWER"}
        assert {row.ran["form"] for row in comparison.rows if row.ran} == {("BLOCK=512", "BLOCK=1024")}
        assert "BLOCK=512 → BLOCK=1024" in shown(comparison)


def test_at_the_same_commit_a_tuner_that_does_not_tell_its_choice_may_have_chosen_otherwise(blank: Record) -> None:
    old, new = (measured(run, form="") for run in (sampled(blank, 1), sampled(blank, 1, {"triton_tuned": 1.05})))
    assert called(compare(old, new))["triton_tuned"] == {"UNDECIDED"}
    assert called(compare(old, on(new, commit="f" * 40)))["triton_tuned"] == {"SLOWER"}
    eager = "torch_broadcast"  # has nothing to tune
    old, new = (measured(run, eager, form="") for run in (sampled(blank, 1), sampled(blank, 1, {eager: 1.05})))
    assert called(compare(old, new))[eager] == {"SLOWER"}


def naming(record: Record, *tunes: str) -> Record:
    """The record with the names of the backends that tuned in it."""
    return record.model_copy(update={"run": record.run.model_copy(update={"tunes": tunes})})


def test_what_tunes_is_what_the_records_say(blank: Record) -> None:
    eager = "torch_broadcast"
    for name, tunes, verdict in ((eager, eager, "UNDECIDED"), ("triton_tuned", eager, "SLOWER")):
        old, new = (measured(run, name, form="") for run in (sampled(blank, 1), sampled(blank, 1, {name: 1.05})))
        assert called(compare(naming(old, tunes), naming(new, tunes)))[name] == {verdict}


def test_what_differs_beside_the_commit_is_told(blank: Record) -> None:
    old = sampled(blank, 1)
    new = on(sampled(blank, 2), versions={"triton": "3.7.1", "cupy": "14"}, driver="590", ecc=True, tree_clean=False)
    comparison = compare(old, new)
    assert comparison.software["triton"] == ("3.6.0", "3.7.1")
    assert set(comparison.software) == {"triton", "torch", "cupy", "driver"}
    assert set(comparison.hardware) == {"ecc"}
    assert all(what in shown(comparison) for what in ("3.7.1", "driver", "ecc", "uncommitted"))
    assert "uncommitted" not in shown(compare(old, old))


def test_a_backend_of_one_run_only_has_no_verdict_but_its_reason(blank: Record) -> None:
    whole = sampled(blank, 1)
    told = Outcome(kind="crashed", backend="torch_broadcast", reason="misaligned address")
    run = whole.run.model_copy(update={"outcomes": (told,)})
    lacking = without(whole, "torch_broadcast").model_copy(update={"run": run})
    for runs in ((whole, lacking), (lacking, whole)):
        comparison = compare(*runs)
        assert {left.backend for left in comparison.left_out} == {"torch_broadcast"}
        assert len(comparison.left_out) == len(CASES)
        assert all("misaligned address" in left.reason for left in comparison.left_out)
        assert "misaligned address" in shown(comparison)
        assert "torch_broadcast" not in called(comparison)


def test_samples_that_make_no_interval_have_no_verdict(blank: Record) -> None:
    good = sampled(blank, 1)
    times = {bench.measurement.backend: bench.samples_s for bench in good.benchmarks}
    for samples in ((), times["triton_tuned"][:1], times["triton_tuned"][:-1], (0.0, *times["triton_tuned"][1:])):
        bad = replaced_samples(good, "triton_tuned", samples)
        comparison = compare(good, bad)
        assert {left.backend for left in comparison.left_out} == {"triton_tuned"}
        assert set(called(comparison)) == set(factory.BACKENDS) - {"triton_tuned"}


def test_a_smoke_run_is_not_comparable(blank: Record) -> None:
    with pytest.raises(NotComparable):
        compare(blank, blank)


def test_one_ceiling_is_not_enough(blank: Record) -> None:
    with pytest.raises(NotComparable):
        compare(sampled(blank, 1), without(sampled(blank, 2), factory.CEILINGS[1]))


def test_what_one_case_s_ceilings_show_is_told_of_its_whole_regime(tmp_path: Path) -> None:
    cases = tuple(Case(8192, 8192 + 8 * more) for more in range(12))
    run = sampled(read_run(factory.write(tmp_path, factory.run(cases=cases))), 1, from_run_to_run=0)

    def moved(bench: Benchmark) -> Benchmark:
        told = bench.measurement
        ceiling = told.case == cases[0].id and told.backend == factory.CEILINGS[1]
        hidden = told.case == cases[1].id and told.role == "backend"
        samples = tuple(1.04 * each for each in bench.samples_s) if ceiling or hidden else bench.samples_s
        return bench.model_copy(update={"samples_s": samples})

    comparison = compare(run, run.model_copy(update={"benchmarks": tuple(map(moved, run.benchmarks))}))
    assert {row.verdict for row in comparison.rows if row.case == cases[1].id} == {"UNDECIDED"}


def test_what_was_timed_apart_in_either_run_is_left_out_with_that_reason(blank: Record) -> None:
    runs = sampled(blank, 1), measured(sampled(blank, 2), apart=True)
    for comparison in (compare(*runs), compare(*reversed(runs)), compare(runs[1], runs[1])):
        assert "triton_tuned" not in called(comparison)
        reasons = {each.reason for each in comparison.left_out if each.backend == "triton_tuned"}
        assert reasons == {"timed apart, in rounds of its own"}


def restarted(run: Record, parts: int = 3) -> Record:
    """The run as if so many restarts had taken its rounds."""

    def one(bench: Benchmark) -> Benchmark:
        told = bench.measurement
        restarts = (Restart(rounds=told.rounds // parts, median_s=told.median_s),) * parts
        return bench.model_copy(update={"measurement": told.model_copy(update={"restarts": restarts})})

    return run.model_copy(update={"benchmarks": tuple(map(one, run.benchmarks))})


def test_with_restarts_the_interval_is_of_a_repeat(blank: Record) -> None:
    """One restart of three in which a backend is 4 % slower says nothing of the commit."""
    old, new = sampled(blank, 1), sampled(blank, 2, {"torch_broadcast": 1.04})
    mixed = {bench.fullname: bench.samples_s for bench in new.benchmarks}
    of_three = tuple(
        bench.model_copy(update={"samples_s": bench.samples_s[:40] + mixed[bench.fullname][40:]})
        for bench in sampled(blank, 2).benchmarks
    )
    new = new.model_copy(update={"benchmarks": of_three})
    one, three = compare(old, new), compare(restarted(old), restarted(new))
    width = {
        said.new.restarts: min(r.ratio_ci99[1] - r.ratio_ci99[0] for r in said.rows if r.backend == "torch_broadcast")
        for said in (one, three)
    }
    assert width[3] > 3 * width[0]
    assert called(three)["torch_broadcast"] == {"UNDECIDED"}
    assert (one.old.restarts, three.old.restarts) == (0, 3)
    assert "99 %, one process" in shown(one)
    assert "99 %, of a repeat, 3 restarts" in shown(three)


def test_that_the_hardware_differs_is_said_before_any_verdict(blank: Record) -> None:
    old, new = sampled(blank, 1), sampled(blank, 2)
    limited = on(new, power_limit_w=350.0, gpu="b")
    assert compare(old, limited).hardware == {}  # OLD does not tell
    said = shown(compare(on(old, power_limit_w=700.0, gpu="a"), limited))
    assert said.index("hardware differs") < said.index("NEW against OLD")
    assert "power_limit_w 700.0 → 350.0" in said


LIMITS: dict[str, tuple[object, object]] = {
    "gpu": ("a1", "b2"),
    "bus": ("PCIe 5 x16", "PCIe 4 x8"),
    "power_limit_w": (700.0, 350.0),
    "clocks_locked": (False, True),
    "ecc": (True, False),
    "mig": (False, True),
    "sm_count": (132, 114),
    "memory_clock_mhz": (2619, 1593),
}


@pytest.mark.parametrize("field", LIMITS)
def test_whatever_limits_a_number_is_hardware_that_differs(field: str, blank: Record) -> None:
    was, now = LIMITS[field]
    comparison = compare(on(sampled(blank, 1), **{field: was}), on(sampled(blank, 2), **{field: now}))
    assert comparison.hardware == {field: (str(was), str(now))}
    assert f"{field} {was} → {now}" in shown(comparison)


def test_another_driver_is_software_that_differs(blank: Record) -> None:
    comparison = compare(on(sampled(blank, 1), driver="580.1"), on(sampled(blank, 2), driver="590.2"))
    assert comparison.software["driver"] == ("580.1", "590.2")
    assert "driver 580.1 → 590.2" in shown(comparison)
