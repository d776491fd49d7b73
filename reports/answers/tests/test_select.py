"""Selection: the smallest worst ratio over all runs, neighbours where a case was not measured, and whose numbers."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from reports.answers.answer import Answer
from reports.answers.called import Called, Cost, Question
from reports.answers.condense import condense, evidence, runs
from reports.answers.devices import find_device, is_device
from reports.answers.evidence import dump, files, load
from reports.answers.select import answer
from reports.answers.words import text
from reports.places import EVIDENCE
from reports.tests import factory
from suite.cases import Case

CASES = (Case(256, 256), Case(2048, 2048), Case(4096, 4096), Case(8192, 8192), Case(4096, 4095), Case(5000, 4097))
OLD = {**factory.H100, "commit": "f" * 40}
SQUARE = Case(4096, 4096)


def store(
    data: Path,
    *all_shares: Mapping[str, float],
    cases: Sequence[Case] = CASES,
    machine: Mapping[str, Any] = factory.H100,
) -> None:
    """Runs of these shares, each later than those that are there."""
    before = len(list(data.glob("*/*.json")))
    for number, shares in enumerate(all_shares, start=before):
        utc = f"2026-01-{10 + number:02}T00:00:00+00:00"
        raw = factory.run(machine, cases, shares, ("cold", "hot", "launch", "call"), utc=utc)
        factory.write(data, raw, f"{utc[:10]}-{machine['commit'][:8]}")


def ask(data: Path, case: Case, called: Called = "graph-cold", device: str | None = None) -> Answer:
    return answer(evidence(data), Question(case, called), device)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    store(tmp_path, factory.BACKENDS, factory.BACKENDS)
    return tmp_path


def test_a_measured_case_is_answered_from_its_own_numbers(data: Path) -> None:
    reply = ask(data, SQUARE)
    assert (reply.status, reply.exit_code, reply.cases) == ("measured", 0, (SQUARE.id,))
    assert reply.backend == "cupy_rawkernel"
    assert [each.backend for each in reply.tied] == ["triton_tuned"]
    assert len(reply.runs) == reply.restarts == 2
    assert reply.eager is not None
    assert reply.eager[0] == pytest.approx(0.996 / 0.806, rel=0.01)
    assert all((data / run.file).is_file() for run in reply.runs)


def test_the_smallest_worst_ratio_over_all_runs_decides(tmp_path: Path) -> None:
    lucky = {"torch_compile": 0.99, "triton_tuned": 0.97}
    store(tmp_path, {**lucky, "torch_compile": 0.66}, lucky, lucky)
    reply = ask(tmp_path, SQUARE)
    assert (reply.backend, reply.status) == ("triton_tuned", "measured")
    assert reply.worst == pytest.approx(0.99 / 0.97, rel=0.01)
    assert [each.backend for each in reply.unreliable] == ["torch_compile"]
    line = next(line for line in text(reply).splitlines() if line.startswith("not reliably"))
    assert line.startswith("not reliably: torch_compile, between 65.")
    assert line.endswith("by what its tuner picks")


def test_what_is_kept_for_comparison_is_never_recommended(tmp_path: Path) -> None:
    store(tmp_path, {"triton_baseline_mended": 1.0, "torch_diag_matmul": 0.999, "numba_cuda": 0.5})
    reply = ask(tmp_path, SQUARE)
    assert (reply.backend, reply.tied, reply.worst) == ("numba_cuda", (), 1.0)


def test_earlier_commits_count_only_until_there_are_two_runs(tmp_path: Path) -> None:
    before = {"triton_tuned": 0.5, "cupy_rawkernel": 0.9}
    store(tmp_path, before, before, machine=OLD)
    store(tmp_path, {"triton_tuned": 0.99, "cupy_rawkernel": 0.9})
    assert ask(tmp_path, SQUARE).backend == "cupy_rawkernel"
    assert len(ask(tmp_path, SQUARE).runs) == 3
    store(tmp_path, *[{"triton_tuned": 0.99, "cupy_rawkernel": 0.9}] * 2)
    assert ask(tmp_path, SQUARE).backend == "triton_tuned"
    assert {run.commit for run in ask(tmp_path, SQUARE).runs} == {factory.H100["commit"]}


def test_one_run_of_several_restarts_stands_alone(tmp_path: Path) -> None:
    store(tmp_path, {"triton_tuned": 0.5, "numba_cuda": 0.9}, machine=OLD)
    shares = {"triton_tuned": 0.99, "numba_cuda": 0.9}
    raw = factory.run(cases=CASES, backends=shares, utc="2026-02-01T00:00:00+00:00")
    for bench in raw["benchmarks"]:
        told = bench["extra_info"]
        halves = told["rounds"] // 2, told["rounds"] - told["rounds"] // 2
        told["restarts"] = [{"rounds": rounds, "median_s": told["median_s"]} for rounds in halves]
    factory.write(tmp_path, raw)
    reply = ask(tmp_path, SQUARE)
    assert (reply.backend, len(reply.runs), reply.restarts) == ("triton_tuned", 1, 2)


def test_an_interval_that_claims_nothing_is_no_share(tmp_path: Path) -> None:
    raw = factory.run(cases=CASES[:1])
    for bench in raw["benchmarks"]:
        if bench["extra_info"].get("of_ceiling"):
            bench["extra_info"]["of_ceiling_ci99"] = [0.0, sys.float_info.max]
    factory.write(tmp_path, raw)
    reply = ask(tmp_path, CASES[0])
    assert reply.share is not None
    assert reply.share[0] == reply.share[1] == pytest.approx(0.996, abs=0.004)


def test_a_run_of_few_backends_is_no_comparison(tmp_path: Path) -> None:
    store(tmp_path, factory.BACKENDS, factory.BACKENDS, {"torch_broadcast": 0.9})
    assert len(ask(tmp_path, SQUARE).runs) == 2


def test_between_measured_cases_those_of_the_class_decide(data: Path) -> None:
    reply = ask(data, Case(6000, 6000))
    assert (reply.status, reply.exit_code) == ("interpolated", 3)
    assert set(reply.cases[:2]) == {"4096x4096-float32-contiguous", "8192x8192-float32-contiguous"}
    assert (reply.across, reply.seconds) == (True, None)
    ragged = ask(data, Case(6000, 5999))
    assert set(ragged.cases[:2]) == {"5000x4097-float32-contiguous", "4096x4095-float32-contiguous"}


def test_what_one_neighbour_shows_slower_is_neither_chosen_nor_tied(tmp_path: Path) -> None:
    good, bad = {"triton_tuned": 0.98, "numba_cuda": 0.99}, {"triton_tuned": 0.98, "numba_cuda": 0.7}
    store(tmp_path, good, cases=CASES[:3])
    for number, run in enumerate((bad, bad)):
        raw = factory.run(cases=CASES[3:4], backends=run)
        factory.write(tmp_path, raw, f"apart-{number}")
    reply = ask(tmp_path, Case(6000, 6000))
    assert (reply.backend, reply.tied) == ("triton_tuned", ())
    assert ask(tmp_path, SQUARE).backend == "numba_cuda"


def test_a_regime_further_away_is_not_asked_where_three_cases_speak(tmp_path: Path) -> None:
    in_l2, in_dram = {"triton_tuned": 0.99, "numba_cuda": 0.7}, {"triton_tuned": 0.97, "numba_cuda": 0.99}
    store(tmp_path, in_l2, cases=CASES[1:2])
    for number, cases in enumerate((CASES[2:4], (Case(16384, 16384),))):
        factory.write(tmp_path, factory.run(cases=cases, backends=in_dram), f"dram-{number}")
        reply = ask(tmp_path, Case(6000, 6000))
        assert reply.backend == ("triton_tuned", "numba_cuda")[number]
    assert CASES[1].id not in reply.cases


def test_what_was_too_slow_in_a_neighbour_is_not_the_answer_however_bad_the_others(tmp_path: Path) -> None:
    factory.write(tmp_path, factory.run(cases=CASES[2:3], backends={"triton_tuned": 0.99, "numba_cuda": 0.93}), "one")
    factory.write(tmp_path, factory.run(cases=CASES[3:4], backends={"triton_tuned": 0.93, "numba_cuda": 0.99}), "two")
    reply = ask(tmp_path, Case(6000, 6000))
    assert (reply.status, reply.backend, reply.tied) == ("unknown", "", ())
    assert "was at worst 1.06 × the fastest at" in text(reply)
    assert "measure: `tox -e bench -- --sweep 6000x6000-float32-contiguous`" in text(reply)


def test_no_rows_speak_for_rows_of_another_kind(data: Path) -> None:
    for called in ("graph-cold", "launched"):
        short = ask(data, Case(1 << 20, 7), called)
        assert (short.status, short.backend) == ("unknown", "")
        assert "shorter than a warp, off 16-byte boundaries" in text(short)
    store(data, factory.BACKENDS, cases=(Case(1 << 20, 13),))
    assert ask(data, Case(1 << 20, 7)).status == "interpolated"


def test_between_fewer_and_more_columns_both_sides_must_hold(tmp_path: Path) -> None:
    wide = tuple(Case(4096 * 4096 // cols, cols) for cols in (4095, 4097, 5001, 6001))
    store(tmp_path, {"triton_tuned": 0.97, "cublas_dgmm": 0.98}, cases=wide)
    assert ask(tmp_path, Case(1 << 20, 37)).backend == "cublas_dgmm"
    raw = factory.run(cases=(Case(1 << 20, 35),), backends={"triton_tuned": 0.97, "cublas_dgmm": 0.3})
    factory.write(tmp_path, raw, "fewer")
    reply = ask(tmp_path, Case(1 << 20, 37))
    assert (reply.backend, reply.tied) == ("triton_tuned", ())
    assert "1048576x35-float32-contiguous" in reply.cases


def test_what_differed_between_runs_is_no_choice_for_a_case_that_was_not_measured(tmp_path: Path) -> None:
    shares = {"torch_compile": 0.99, "triton_tuned": 0.96}
    store(tmp_path, shares, shares, cases=CASES[2:])
    assert ask(tmp_path, Case(6000, 6000)).backend == "torch_compile"
    store(tmp_path, {**shares, "torch_compile": 0.7}, shares, cases=CASES[1:2])
    assert ask(tmp_path, Case(6000, 6000)).backend == "triton_tuned"
    reply = ask(tmp_path, SQUARE)
    assert reply.backend == "torch_compile"
    assert "in another case its runs differ by 1.37 ×" in text(reply)


def test_another_commit_another_fastest_or_the_noise_of_a_launch_make_nobody_unsteady(tmp_path: Path) -> None:
    shares = {"numba_cuda": 0.9, "triton_tuned": 0.8, "torch_broadcast": 0.5}
    store(tmp_path, {**shares, "numba_cuda": 0.6}, machine=OLD)
    store(tmp_path, shares, {**shares, "torch_broadcast": 0.93})
    store(tmp_path, {**shares, "numba_cuda": 0.8}, cases=CASES[:1])
    assert ask(tmp_path, Case(6000, 6000)).backend == "numba_cuda"


def test_what_tunes_is_unsteady_between_commits_too(tmp_path: Path) -> None:
    shares = {"torch_compile": 0.99, "numba_cuda": 0.99, "triton_tuned": 0.96}
    store(tmp_path, {**shares, "torch_compile": 0.7, "numba_cuda": 0.7}, cases=CASES[4:5], machine=OLD)
    store(tmp_path, shares, cases=CASES[1:])
    reply = ask(tmp_path, Case(6000, 6000))
    assert (reply.backend, reply.tied) == ("numba_cuda", ())


def test_a_tuner_s_luck_is_not_trusted_where_a_steady_backend_is_as_good(tmp_path: Path) -> None:
    shares = {"torch_compile": 0.99, "triton_tuned": 0.985}
    store(tmp_path, {**shares, "torch_compile": 0.7}, shares, cases=CASES[1:2])
    store(tmp_path, shares, shares, cases=CASES[2:])
    reply = ask(tmp_path, SQUARE)
    assert (reply.backend, reply.tied) == ("triton_tuned", ())
    assert "not reliably: torch_compile, as fast here, but in another case its runs differ by 1.4" in text(reply)


def test_how_it_is_called_decides_what_counts() -> None:
    small, large = Cost(2e-6, host=8e-6, first=1.0), Cost(50e-6, host=8e-6, first=1.0)
    assert small.total("launched") == 8e-6
    assert large.total("launched") == 50e-6
    assert large.total("once") == pytest.approx(58e-6)
    assert large.total("first-use", 2) == pytest.approx(0.500025)


def test_by_the_way_of_calling_the_answer_differs(tmp_path: Path) -> None:
    raw = factory.run(cases=CASES, backends={"triton_tuned": 0.99, "torch_broadcast": 0.8})
    calls = factory.run(
        cases=CASES[:1], backends={"triton_tuned": 0.1, "torch_broadcast": 0.99}, series=("launch", "call")
    )
    for bench in calls["benchmarks"]:
        bench["extra_info"]["median_s"] *= 10
    factory.write(tmp_path, raw | {"benchmarks": raw["benchmarks"] + calls["benchmarks"]})
    assert ask(tmp_path, CASES[0], "graph-cold").backend == "triton_tuned"
    assert ask(tmp_path, CASES[0], "launched").backend == "torch_broadcast"
    assert ask(tmp_path, Case(8192, 8192), "launched").backend == "triton_tuned"
    assert "host's time as at 256x256" in text(ask(tmp_path, Case(8192, 8192), "launched"))


NOT_KNOWN = Case(8, 8, "float64"), Case(8, 8, "float32", "row_padded"), Case(0, 8), Case(1 << 20, 1 << 20)


@pytest.mark.parametrize("case", NOT_KNOWN)
def test_what_was_not_measured_at_all_is_not_guessed(case: Case, data: Path) -> None:
    reply = ask(data, case)
    assert (reply.status, reply.exit_code, reply.backend) == ("unknown", 5, "")
    assert len(text(reply).splitlines()) <= 6
    fits = 0 < case.bytes_moved < 80 << 30
    assert (f"--sweep {case.id}" in text(reply)) == fits
    assert ("do not fit the device's 80 GiB" in text(reply)) == (case.rows == 1 << 20)


@pytest.mark.parametrize("device", ["RTX 4080", "A10", "H10"])
def test_no_device_s_numbers_are_given_as_another_s(device: str, data: Path) -> None:
    reply = ask(data, SQUARE, device=device)
    assert (reply.status, reply.device, reply.runs, reply.seconds) == ("unknown", device, (), None)
    assert "measured: NVIDIA H100" in text(reply)


@pytest.mark.parametrize("asked", ["nvidia-h100-80gb-hbm3", "NVIDIA H100 80GB HBM3", "h100"])
def test_a_device_is_its_name_its_slug_or_whole_words_of_it(asked: str, data: Path) -> None:
    found = find_device(evidence(data).devices, asked)
    assert found is not None
    assert found.name == "NVIDIA H100 80GB HBM3"


def test_a_variant_of_a_device_is_another_device() -> None:
    assert not is_device("nvidia-geforce-rtx-4090-laptop-gpu", "RTX 4090")
    assert is_device("nvidia-geforce-rtx-4090-laptop-gpu", "RTX 4090 Laptop")
    assert not is_device("nvidia-h100-80gb-hbm3", "")


def test_the_condensed_evidence_answers_alike_and_only_for_the_very_records_it_is_of(
    data: Path, tmp_path: Path
) -> None:
    made, path = condense(runs(data), files(data)), tmp_path / EVIDENCE
    path.write_text(dump(made), encoding="utf-8")
    read = load(path, data)
    assert read is not None
    for case in (SQUARE, Case(6000, 6000), Case(300, 301)):
        for called in ("graph-cold", "launched", "once"):
            question = Question(case, called)
            assert answer(read, question) == answer(made, question)
    store(data, factory.BACKENDS, machine=OLD)
    assert load(path, data) is None
