"""What compare shows of many rows, and its exit codes."""

from pathlib import Path

import pytest

from reports.__main__ import main
from reports.answers.compare import Comparison, compare
from reports.answers.tests.sampled import CASES, called, on, sampled, saved, shown
from reports.tests import factory
from suite.cases import Case
from suite.record.run import Record
from suite.record.store import read_run


def test_of_many_rows_those_that_are_the_same_are_only_counted(tmp_path: Path) -> None:
    cases = tuple(Case(4096, 4096 + 8 * more) for more in range(8))
    many = read_run(factory.write(tmp_path, factory.run(cases=cases)))
    comparison = compare(
        sampled(many, 1, from_run_to_run=0), sampled(many, 1, {"triton_tuned": 1.05}, from_run_to_run=0)
    )
    assert comparison.counts["SAME"] == 32
    rows = [line for line in shown(comparison).splitlines() if "4096x" in line]
    assert len(rows) == 16
    assert all("SLOWER" in row and "triton_tuned" in row for row in rows)


def test_of_many_undecided_rows_only_those_beyond_the_margin_are_shown(tmp_path: Path) -> None:
    cases = tuple(Case(4096, 4096 + 8 * more) for more in range(8))
    many = read_run(factory.write(tmp_path, factory.run(cases=cases)))
    old, new = sampled(many, 1, from_run_to_run=0), sampled(many, 2, {factory.CEILINGS[1]: 1.05}, from_run_to_run=0)
    within = compare(old, new)
    assert within.counts["UNDECIDED"] == len(within.rows) == 48
    assert "4096x" not in shown(within)
    assert "not shown: 48" in shown(within)
    beyond = compare(old, sampled(many, 2, {factory.CEILINGS[1]: 1.05, "triton_tuned": 1.02}, from_run_to_run=0))
    assert beyond.counts["UNDECIDED"] == 48
    rows = [line for line in shown(beyond).splitlines() if "4096x" in line]
    assert len(rows) == 16
    assert all("UNDECIDED" in row and "triton_tuned" in row for row in rows)


def test_14_backends_against_3_have_a_line_each_for_those_of_one_run(tmp_path: Path) -> None:
    told = [factory.outcome("cublas_dgmm", case=case.id, reason=f"row {case.cols}") for case in CASES]
    few = factory.run(cases=CASES, samples=30, outcomes=told)
    many = factory.run(cases=CASES, samples=30, backends=factory.FOURTEEN)
    old, new = (read_run(factory.write(tmp_path, raw, name)) for raw, name in ((few, "old"), (many, "new")))
    comparison = compare(old, new)
    assert set(called(comparison)) == set(factory.BACKENDS)
    missing = set(factory.FOURTEEN) - set(factory.BACKENDS)
    lines = [line.split()[2] for line in shown(comparison).splitlines() if line.startswith("no verdict:")]
    assert sorted(lines) == sorted(missing)
    assert "incorrect: row" in shown(comparison)


def test_the_command_s_exit_code_is_the_answer(
    blank: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = saved(sampled(blank, 1), tmp_path / "old.json")
    new = saved(sampled(blank, 1, {"triton_tuned": 1.05}), tmp_path / "new.json")
    assert main(["compare", str(old), str(old)]) == 0
    assert main(["compare", str(old), str(new)]) == 1
    assert "triton_tuned" in capsys.readouterr().out
    assert main(["compare", str(old), str(new), "--json"]) == 1
    comparison = Comparison.model_validate_json(capsys.readouterr().out)
    assert called(comparison)["triton_tuned"] == {"SLOWER"}
    assert comparison == compare(read_run(old), read_run(new))


def test_what_cannot_be_compared_is_one_line_and_code_2(
    blank: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = saved(sampled(blank, 1), tmp_path / "good.json")
    whole = good.read_text()
    (tmp_path / "cut.json").write_text(whole[: len(whole) // 2])
    saved(on(sampled(blank, 1), name="NVIDIA H200"), tmp_path / "another.json")
    saved(blank.model_copy(update={"benchmarks": ()}), tmp_path / "empty.json")
    for bad in ("cut", "another", "empty", "absent"):
        for runs in ((good, tmp_path / f"{bad}.json"), (tmp_path / f"{bad}.json", good)):
            assert main(["compare", *map(str, runs)]) == 2
            said = capsys.readouterr()
            assert said.out == ""
            assert len(said.err.splitlines()) == 1
